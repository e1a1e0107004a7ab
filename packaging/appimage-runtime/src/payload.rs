//! Where the file system stands in the AppImage: behind the ELF file, before a trailer of
//! 8 bytes length (little endian), 32 bytes SHA-256 and 16 bytes mark.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::RuntimeError;

/// The last bytes of every AppImage with this runtime.
pub(crate) const MARK: &[u8; 16] = b"appimage-sha-256";
/// Length of the trailer, in bytes.
const TRAILER: u64 = 8 + 32 + 16;

/// The file system in the image.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) path: PathBuf,
    /// First byte of the file system in the file.
    pub(crate) start: u64,
    length: u64,
    hash: [u8; 32],
}

impl Payload {
    /// Reads the ELF header of the file and the trailer at its end.
    ///
    /// # Errors
    /// [`RuntimeError::NoPayload`] when lengths or mark do not fit together.
    pub(crate) fn find(path: &Path) -> Result<Self, RuntimeError> {
        let read = |source| RuntimeError::Read {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        let start = elf_end(&mut file).map_err(read)?;
        let none = || RuntimeError::NoPayload(path.to_owned());
        let trailer_at = size
            .checked_sub(TRAILER)
            .filter(|at| *at > start)
            .ok_or_else(none)?;
        let mut trailer = [0; 56];
        file.seek(SeekFrom::Start(trailer_at)).map_err(read)?;
        file.read_exact(&mut trailer).map_err(read)?;
        let (length, rest) = trailer.split_first_chunk().expect("8 of 56 bytes");
        let (hash, mark) = rest.split_first_chunk().expect("32 of 48 bytes");
        let length = u64::from_le_bytes(*length);
        if mark != MARK || start.checked_add(length) != Some(trailer_at) {
            return Err(none());
        }
        Ok(Self {
            path: path.to_owned(),
            start,
            length,
            hash: *hash,
        })
    }

    /// Reads the file system once and compares its SHA-256.
    ///
    /// # Errors
    /// [`RuntimeError::Damaged`] when it differs.
    pub(crate) fn verify(&self) -> Result<(), RuntimeError> {
        let read = |source| RuntimeError::Read {
            path: self.path.clone(),
            source,
        };
        let mut file = File::open(&self.path).map_err(read)?;
        file.seek(SeekFrom::Start(self.start)).map_err(read)?;
        let mut reader = BufReader::with_capacity(1 << 16, file.take(self.length));
        let mut hasher = Sha256::new();
        let mut buffer = [0; 1 << 14];
        loop {
            let count = reader.read(&mut buffer).map_err(read)?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
        }
        let hash: [u8; 32] = hasher.finalize().into();
        if hash == self.hash {
            Ok(())
        } else {
            Err(RuntimeError::Damaged(self.path.clone()))
        }
    }

    /// The hash as text: the name of the folder it is unpacked into.
    pub(crate) fn key(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The first byte behind an ELF file: behind its section headers, which stand last.
fn elf_end(file: &mut File) -> io::Result<u64> {
    let mut header = [0; 64];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut header)?;
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "not a 64-bit ELF file",
        ));
    }
    let half = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
    let table = u64::from_le_bytes(header[40..48].try_into().expect("8 bytes"));
    table
        .checked_add(half(58) * half(60))
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "ELF header out of range"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// An ELF header that ends at byte 64, the payload, and a trailer that may lie.
    fn check(payload: &[u8], length: u64, mark: &[u8; 16]) -> Result<(), String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut header = [0; 64];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        header[40] = 64;
        file.write_all(&header).unwrap();
        file.write_all(payload).unwrap();
        file.write_all(&length.to_le_bytes()).unwrap();
        file.write_all(&Sha256::digest(b"file system")).unwrap();
        file.write_all(mark).unwrap();
        let path = file.path().display().to_string();
        let result = Payload::find(file.path()).and_then(|payload| payload.verify());
        result.map_err(|error| error.to_string().replace(&path, "IMAGE"))
    }

    #[test]
    fn a_whole_image_is_accepted() {
        assert_eq!(check(b"file system", 11, MARK), Ok(()));
    }

    #[test]
    fn every_fault_is_found() {
        let incomplete = Err("IMAGE is no complete AppImage: get it again".to_owned());
        assert_eq!(check(b"file system", 12, MARK), incomplete);
        assert_eq!(check(b"file system", u64::MAX, MARK), incomplete);
        assert_eq!(check(b"file system", 11, &[0; 16]), incomplete);
        assert_eq!(check(b"", 0, MARK), incomplete);
        let damaged = "IMAGE is damaged, its checksum does not fit: get it again";
        assert_eq!(check(b"file sYstem", 11, MARK), Err(damaged.to_owned()));
    }
}

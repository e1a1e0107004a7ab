//! Doors for the fuzz package, which no program uses.

use std::path::Path;

use crate::block_files::{FileError, XorKey};
use crate::scanner::RecordScanner;

/// Shows every record of a block file without a key: its offset and its data. What `visit` refuses
/// is no record, and the search goes on inside it.
///
/// # Errors
/// Where the file cannot be read.
pub fn scan_block_file(
    path: &Path,
    magic: [u8; 4],
    mut visit: impl FnMut(u64, &[u8]) -> bool,
) -> Result<(), FileError> {
    let mut scanner = RecordScanner::open(path, magic, XorKey::default())?;
    while let Some(record) = scanner.next()? {
        let offset = record.offset;
        if !visit(offset, record.data) {
            scanner.reject(offset);
        }
    }
    Ok(())
}

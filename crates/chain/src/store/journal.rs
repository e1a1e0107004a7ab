//! The engine's journals: batches of changes, each with its sequence number, its changes and their checksum.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};

use xxhash_rust::xxh3::Xxh3;

/// The key under which each batch has its own number. No scan gives it.
pub(crate) const NUMBER_KEY: &[u8] = b"\0number";

/// First bytes of the parts of a batch.
const START: u8 = 1;
const CHANGE: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
/// Last bytes of a batch.
const TRAILER: &[u8; 4] = b"FJL\x03";
/// Bytes of a change before its key.
const CHANGE_HEAD: usize = 1 + 1 + 8 + 2 + 4 + 4;
/// Bytes that are read at once.
const PIECE: usize = 64 << 10;
/// Bytes that a disk writes as one: what a loss of power leaves out ends where such a piece does.
const SECTOR: u64 = 512;
/// So many zero bytes are no part of a batch, but a piece that was not written.
const HOLE: u64 = 16;
/// So many where a batch begins: its first two bytes are never zero, and no single bit makes them so.
const HOLE_AT_START: u64 = 2;

/// What lies behind the last batch that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing, or space that is only reserved.
    Empty,
    /// Batches that did not get to the disk as a whole, as where process or machine stopped in the midst of it.
    Torn,
    /// Batches that did, and changed since.
    Damaged,
}

/// How far a journal can be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JournalEnd {
    /// Bytes of its batches.
    pub(crate) bytes: u64,
    pub(crate) rest: Rest,
}

/// Batches one after another, whose sequence numbers and own numbers grow together.
#[derive(Clone, Copy, Debug)]
struct Run {
    sequence: u64,
    number: u64,
    count: u64,
}

/// All batches that carry a number, in their order.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    runs: Vec<Run>,
    /// Sequence number of the last batch, whether that has a number or not.
    last: Option<u64>,
}

impl Runs {
    /// Takes a batch in; false where it cannot follow on those before.
    fn push(&mut self, batch: Batch) -> bool {
        if self.last.is_some_and(|last| last >= batch.sequence) {
            return false;
        }
        self.last = Some(batch.sequence);
        let Some(number) = batch.number else {
            return true;
        };
        let next = |run: &Run| run.number.saturating_add(run.count);
        match self.runs.last_mut() {
            Some(run) if next(run) != number => return false,
            Some(run) if run.sequence.saturating_add(run.count) == batch.sequence => run.count += 1,
            _ => self.runs.push(Run {
                sequence: batch.sequence,
                number,
                count: 1,
            }),
        }
        true
    }

    /// Whether these go on where tables end that hold the sequence numbers up to `persisted` and the batch `number`.
    pub(crate) fn follow(&self, persisted: Option<u64>, number: u64) -> bool {
        let first_new = persisted.map_or(0, |persisted| persisted.saturating_add(1));
        let mut old = None;
        for run in &self.runs {
            let skipped = first_new.saturating_sub(run.sequence).min(run.count);
            if skipped > 0 {
                old = Some(run.number + (skipped - 1));
            }
            if skipped < run.count {
                return run.number + skipped == number.saturating_add(1);
            }
        }
        old.is_none_or(|old| old <= number)
    }
}

/// What is asked of a batch.
#[derive(Clone, Copy, Debug)]
struct Batch {
    sequence: u64,
    number: Option<u64>,
}

/// Reads a journal, and takes its batches in.
///
/// # Errors
/// Where the file cannot be read, or [`io::ErrorKind::InvalidData`] where batches are out of order.
pub(crate) fn read(file: &File, runs: &mut Runs) -> io::Result<JournalEnd> {
    let len = file.metadata()?.len();
    let mut reader = Parts::new(file, 0, len)?;
    let mut bytes = 0;
    let broken = loop {
        match reader.batch()? {
            Ok(batch) if runs.push(batch) => bytes = reader.at,
            Ok(_) => return Err(io::ErrorKind::InvalidData.into()),
            Err(broken) => break broken,
        }
    };
    let rest = rest(file, bytes, broken, runs)?;
    Ok(JournalEnd { bytes, rest })
}

/// Where and how a batch cannot be read.
#[derive(Clone, Copy, Debug)]
struct Broken {
    /// Where its first part lies that makes no sense.
    part: u64,
    /// Whether it is there to its end, for all that.
    ended: bool,
}

/// What lies behind `start`, where no batch can be read.
///
/// A process that dies leaves the beginning of a batch, and nothing or anything behind it; a loss of power may also
/// leave holes of zeros, with whole batches behind them, as the system writes in any order. Where there is no hole and
/// the writing got to the end of a batch, the one that cannot be read was there, too.
fn rest(file: &File, start: u64, broken: Broken, runs: &Runs) -> io::Result<Rest> {
    let tail = Tail::survey(file, start)?;
    if tail.end == start {
        return Ok(Rest::Empty);
    }
    if tail.has_hole {
        return Ok(Rest::Torn);
    }
    let written =
        broken.ended || tail.ends_batch(file)? || is_batch_behind(file, broken.part, &tail, runs)?;
    Ok(if written { Rest::Damaged } else { Rest::Torn })
}

/// Bytes that make no batch.
#[derive(Clone, Copy, Debug)]
struct Tail {
    start: u64,
    /// Behind it are only zeros.
    end: u64,
    /// Whether a piece that was never written lies before its end.
    has_hole: bool,
}

impl Tail {
    fn survey(mut file: &File, start: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Self {
            start,
            end: start,
            has_hole: false,
        };
        let (mut piece, mut at, mut zeros, mut gap) =
            (Vec::with_capacity(PIECE), start, 0_u64, false);
        loop {
            piece.clear();
            file.take(PIECE as u64).read_to_end(&mut piece)?;
            if piece.is_empty() {
                return Ok(tail);
            }
            for byte in &piece {
                let from_start = zeros == at - start && zeros >= HOLE_AT_START;
                gap |= (zeros >= HOLE || from_start) && at.is_multiple_of(SECTOR);
                at += 1;
                if *byte == 0 {
                    zeros += 1;
                } else {
                    zeros = 0;
                    tail.has_hole |= gap;
                    tail.end = at;
                }
            }
        }
    }

    /// Whether the last bytes are those that end a batch.
    fn ends_batch(&self, mut file: &File) -> io::Result<bool> {
        let len = TRAILER.len() as u64;
        if self.end - self.start < len {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(self.end - len))?;
        let mut last = [0; TRAILER.len()];
        file.read_exact(&mut last)?;
        Ok(last == *TRAILER)
    }
}

/// Whether a whole batch, younger than those before, lies behind `from`.
fn is_batch_behind(file: &File, from: u64, tail: &Tail, runs: &Runs) -> io::Result<bool> {
    let mut reader = Parts::new(file, from, tail.end)?;
    let (mut piece, mut at) = (Vec::with_capacity(PIECE), from);
    loop {
        // The end of the piece before stays in view: a trailer may lie across.
        let kept = piece.len().saturating_sub(TRAILER.len() - 1);
        at += kept as u64;
        piece.drain(..kept);
        let before = piece.len();
        (&mut reader.reader)
            .take(PIECE as u64)
            .read_to_end(&mut piece)?;
        if piece.len() == before {
            return Ok(false);
        }
        let ends = piece.windows(TRAILER.len()).enumerate();
        for (end, _) in ends.filter(|(_, bytes)| bytes == TRAILER) {
            let behind = at + (end + TRAILER.len()) as u64;
            let batch = Parts::new(file, behind, tail.end)?.batch()?;
            // What another file left here before is older.
            if batch.is_ok_and(|batch| runs.last.is_none_or(|last| batch.sequence > last)) {
                return Ok(true);
            }
            // The file has one place for all that read it.
            reader = Parts::new(file, at + piece.len() as u64, tail.end)?;
        }
    }
}

/// Reads the parts of batches.
struct Parts<'a> {
    reader: BufReader<&'a File>,
    /// Where the next part begins.
    at: u64,
    len: u64,
    buffer: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn new(mut file: &'a File, at: u64, len: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(at))?;
        Ok(Self {
            reader: BufReader::with_capacity(PIECE, file),
            at,
            len,
            buffer: Vec::new(),
        })
    }

    /// The next bytes, which are in the buffer then too; `None` at the end of the file.
    fn take(&mut self, count: u64) -> io::Result<Option<()>> {
        // Nothing in a file sets an allocation: it is as large as the file at most.
        if count > self.len.saturating_sub(self.at) {
            return Ok(None);
        }
        let read = (&mut self.reader)
            .take(count)
            .read_to_end(&mut self.buffer)?;
        self.at += count;
        Ok((read as u64 == count).then_some(()))
    }

    fn array<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        self.buffer.clear();
        let taken = self.take(N as u64)?;
        Ok(taken.and_then(|()| self.buffer.as_slice().try_into().ok()))
    }

    /// The next batch, or where it cannot be read.
    fn batch(&mut self) -> io::Result<Result<Batch, Broken>> {
        let mut part = self.at;
        let broken = |part| Ok(Err(Broken { part, ended: false }));
        let head = (self.array()?, self.array()?, self.array()?);
        let (Some([START]), Some(count), Some(sequence)) = head else {
            return broken(part);
        };
        let mut batch = Batch {
            sequence: u64::from_le_bytes(sequence),
            number: None,
        };
        let mut sum = Xxh3::new();
        for _ in 0..u32::from_le_bytes(count) {
            part = self.at;
            self.buffer.clear();
            if self.take(1)?.is_none() {
                return broken(part);
            }
            let whole = match self.buffer[0] {
                CHANGE => self.change(&mut batch)?,
                CLEAR => self.take(8)?,
                _ => None,
            };
            if whole.is_none() {
                return broken(part);
            }
            sum.update(&self.buffer);
        }
        part = self.at;
        let end = (self.array()?, self.array()?, self.array()?);
        let (Some(mark), Some(found), Some(trailer)) = end else {
            return broken(part);
        };
        let right = mark == [END] && found == sum.digest().to_le_bytes();
        if right && trailer == *TRAILER {
            return Ok(Ok(batch));
        }
        // Of a trailer that was cut off, more than one bit is missing.
        let other = u32::from_le_bytes(trailer) ^ u32::from_le_bytes(*TRAILER);
        let ended = other == 0 || (right && other.is_power_of_two());
        Ok(Err(Broken { part, ended }))
    }

    fn change(&mut self, batch: &mut Batch) -> io::Result<Option<()>> {
        if self.take(CHANGE_HEAD as u64)?.is_none() {
            return Ok(None);
        }
        let Some([.., k0, k1, _, _, _, _, v0, v1, v2, v3]) =
            self.buffer.first_chunk::<{ 1 + CHANGE_HEAD }>()
        else {
            return Ok(None);
        };
        let key = u64::from(u16::from_le_bytes([*k0, *k1]));
        let value = u64::from(u32::from_le_bytes([*v0, *v1, *v2, *v3]));
        if self.take(key + value)?.is_none() {
            return Ok(None);
        }
        let number = self.buffer[1 + CHANGE_HEAD..].strip_prefix(NUMBER_KEY);
        if let Some(number) = number.and_then(|number| <[u8; 8]>::try_from(number).ok()) {
            batch.number = Some(u64::from_le_bytes(number));
        }
        Ok(Some(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(batches: &[(u64, u64)]) -> Option<Runs> {
        let mut runs = Runs::default();
        let fine = batches.iter().all(|(sequence, number)| {
            runs.push(Batch {
                sequence: *sequence,
                number: Some(*number),
            })
        });
        fine.then_some(runs)
    }

    #[test]
    fn batches_follow_on_each_other_and_on_the_tables() {
        let whole = runs(&[(3, 1), (4, 2), (9, 3), (10, 4)]).unwrap();
        assert!(whole.follow(None, 0));
        assert!(whole.follow(Some(4), 2) && whole.follow(Some(8), 2) && whole.follow(Some(9), 3));
        // All of them are in the tables, and more.
        assert!(whole.follow(Some(10), 4) && whole.follow(Some(30), 20));
        // Something lies between tables and journal, or a batch says that it is older than it is.
        assert!(
            !whole.follow(Some(4), 1) && !whole.follow(Some(2), 3) && !whole.follow(Some(10), 3)
        );
        let late = runs(&[(9, 3), (10, 4)]).unwrap();
        assert!(!late.follow(None, 0) && late.follow(Some(5), 2));
        assert!(Runs::default().follow(None, 0) && Runs::default().follow(Some(7), 9));
        assert!(runs(&[(3, 1), (4, 3)]).is_none(), "a hole");
        assert!(runs(&[(3, 1), (3, 2)]).is_none(), "the same place");
        assert!(runs(&[(3, 1), (2, 2)]).is_none(), "another order");
    }
}

//! Standard stream framing: a table of segment sizes, then the segments, unpacked.

use capnp::Word;
use capnp::message::{Builder, HeapAllocator, ReaderOptions, ReaderSegments};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::wipe::wipe_bytes;

/// Bytes that are read at once.
const READ_BUFFER: usize = 32 << 10;
/// Words that are allocated before any of a message's bytes have come.
const FIRST_GROWTH: usize = 8 << 10;
/// A message has fewer segments than this.
const MAX_SEGMENTS: u32 = 512;
/// How deep pointers may nest.
const NESTING_LIMIT: i32 = 64;
/// Words that may be looked at in one message; larger than a message may be, because values are
/// read more than once.
const TRAVERSAL_LIMIT: usize = (64 << 20) / 8;

/// How messages are read once they are here.
pub(super) fn reader_options() -> ReaderOptions {
    let mut options = ReaderOptions::new();
    options
        .nesting_limit(NESTING_LIMIT)
        .traversal_limit_in_words(Some(TRAVERSAL_LIMIT));
    options
}

/// A received message, wiped when it is dropped: it may have held a passphrase.
pub(super) struct Frame {
    words: Vec<Word>,
    /// Start and length of each segment, in words.
    segments: Vec<(usize, usize)>,
}

impl ReaderSegments for Frame {
    fn get_segment(&self, index: u32) -> Option<&[u8]> {
        let (start, length) = *self.segments.get(usize::try_from(index).ok()?)?;
        Some(Word::words_to_bytes(&self.words[start..start + length]))
    }

    fn len(&self) -> usize {
        self.segments.len()
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        wipe_bytes(Word::words_to_bytes_mut(&mut self.words));
    }
}

/// Cuts a stream into messages.
pub(super) struct FrameReader<R> {
    reader: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    max_words: u64,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(super) fn new(reader: R, max_bytes: u64) -> Self {
        let buffer = vec![0; READ_BUFFER].into_boxed_slice();
        Self {
            reader,
            buffer,
            start: 0,
            end: 0,
            max_words: max_bytes / 8,
        }
    }

    /// The next message; `None` at a clean end.
    pub(super) async fn next(&mut self) -> capnp::Result<Option<Frame>> {
        let Some(segments) = self.segment_table().await? else {
            return Ok(None);
        };
        let total = segments.last().map_or(0, |(start, length)| start + length);
        let words = self.body(total).await?;
        Ok(Some(Frame { words, segments }))
    }

    async fn segment_table(&mut self) -> capnp::Result<Option<Vec<(usize, usize)>>> {
        if self.start == self.end && !self.fill().await? {
            return Ok(None);
        }
        let count = self.number().await?.wrapping_add(1);
        if count == 0 || count >= MAX_SEGMENTS {
            return Err(capnp::Error::failed(format!("Too many segments: {count}")));
        }
        let mut segments = Vec::new();
        let mut total: u64 = 0;
        for _ in 0..count {
            let length = self.number().await?;
            let start = total;
            total += u64::from(length);
            if total > self.max_words {
                return Err(capnp::Error::failed(format!(
                    "Message has {total} words, which is too large."
                )));
            }
            // Both are below the limit of a message, which fits in memory.
            let fits = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            segments.push((fits(start), fits(u64::from(length))));
        }
        if count.is_multiple_of(2) {
            self.number().await?;
        }
        Ok(Some(segments))
    }

    /// A little-endian number of the table.
    async fn number(&mut self) -> capnp::Result<u32> {
        let mut bytes = [0; 4];
        for byte in &mut bytes {
            if self.start == self.end && !self.fill().await? {
                return Err(premature_end());
            }
            *byte = self.buffer[self.start];
            self.start += 1;
        }
        Ok(u32::from_le_bytes(bytes))
    }

    /// Reads `total` words. Memory grows with what has come, not with what was claimed.
    async fn body(&mut self, total: usize) -> capnp::Result<Vec<Word>> {
        let mut words = Word::allocate_zeroed_vec(total.min(FIRST_GROWTH));
        let mut filled = 0;
        loop {
            let bytes = Word::words_to_bytes_mut(&mut words);
            let ready = (bytes.len() - filled).min(self.end - self.start);
            bytes[filled..filled + ready]
                .copy_from_slice(&self.buffer[self.start..self.start + ready]);
            self.start += ready;
            filled += ready;
            while filled < bytes.len() {
                let read = self.reader.read(&mut bytes[filled..]).await?;
                if read == 0 {
                    return Err(premature_end());
                }
                filled += read;
            }
            if words.len() == total {
                return Ok(words);
            }
            let more = words.len().min(total - words.len());
            words.extend(Word::allocate_zeroed_vec(more));
        }
    }

    /// Reads into the empty buffer; `false` at the end.
    async fn fill(&mut self) -> capnp::Result<bool> {
        wipe_bytes(&mut self.buffer[..self.end]);
        self.start = 0;
        self.end = 0;
        self.end = self.reader.read(&mut self.buffer).await?;
        Ok(self.end > 0)
    }
}

fn premature_end() -> capnp::Error {
    capnp::Error::disconnected("the stream ends inside a message".to_owned())
}

/// Appends a message with its table.
pub(super) fn append(message: &Builder<HeapAllocator>, out: &mut Vec<u8>) {
    let segments = message.get_segments_for_output();
    // A message has few segments, each below 2^32 words: the allocator cannot make more.
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    out.reserve(segments.iter().map(|s| s.len() + 4).sum::<usize>() + 8);
    out.extend(number(segments.len().saturating_sub(1)));
    for segment in segments.iter() {
        out.extend(number(segment.len() / 8));
    }
    if segments.len().is_multiple_of(2) {
        out.extend([0; 4]);
    }
    for segment in segments.iter() {
        out.extend_from_slice(segment);
    }
}

#[cfg(test)]
mod tests;

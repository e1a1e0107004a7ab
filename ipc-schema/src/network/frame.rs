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
/// Words that may be looked at in one message, times its largest size: values are read more than once.
const TRAVERSALS: u64 = 4;
/// Words of a message that is too large which are kept: the first ones say what it is.
const KEPT: u64 = 512;

/// How messages of at most `max_bytes` are read once they are here.
pub(super) fn reader_options(max_bytes: u64) -> ReaderOptions {
    let words = usize::try_from(TRAVERSALS * (max_bytes / 8)).unwrap_or(usize::MAX);
    let mut options = ReaderOptions::new();
    options
        .nesting_limit(NESTING_LIMIT)
        .traversal_limit_in_words(Some(words));
    options
}

/// A received message, wiped when it is dropped: it may have held a passphrase.
pub(super) struct Frame {
    words: Vec<Word>,
    /// Start and length of each segment, in words.
    segments: Vec<(usize, usize)>,
}

impl Frame {
    /// A message of ours in the form of one that was received.
    pub(super) fn of(message: &Builder<HeapAllocator>) -> Self {
        let mut words = Vec::new();
        let mut segments = Vec::new();
        for segment in message.get_segments_for_output().iter() {
            let start = words.len();
            let mut copy = Word::allocate_zeroed_vec(segment.len() / 8);
            Word::words_to_bytes_mut(&mut copy).copy_from_slice(segment);
            segments.push((start, copy.len()));
            words.extend(copy);
        }
        Self { words, segments }
    }
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

/// What comes next in a stream.
pub(super) enum Next {
    /// A message.
    Whole(Frame),
    /// The beginning of one that was too large to be kept, and how many bytes it had.
    TooLarge(Frame, u64),
    /// Nothing more.
    End,
}

/// A message on its way in.
struct Body {
    segments: Vec<(usize, usize)>,
    words: Vec<Word>,
    /// Words that are kept.
    total: usize,
    /// Bytes of them that have come.
    filled: usize,
    /// Bytes that are still to be thrown away.
    surplus: u64,
    /// The whole size, where it is too large.
    too_large: Option<u64>,
}

/// Cuts a stream into messages. Where a future of it is dropped, the next one goes on.
pub(super) struct FrameReader<R> {
    source: Source<R>,
    max_words: u64,
    /// Larger messages are an error, those between are thrown away.
    skip_words: u64,
    /// The table of sizes, as far as it has come.
    table: Vec<u8>,
    body: Option<Body>,
}

/// The stream with what was read ahead.
struct Source<R> {
    reader: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads messages of at most `max_bytes`; of those above that and up to `skip_bytes` the beginning.
    pub(super) fn new(reader: R, max_bytes: u64, skip_bytes: u64) -> Self {
        let buffer = vec![0; READ_BUFFER].into_boxed_slice();
        Self {
            source: Source {
                reader,
                buffer,
                start: 0,
                end: 0,
            },
            max_words: max_bytes / 8,
            skip_words: skip_bytes.max(max_bytes) / 8,
            table: Vec::new(),
            body: None,
        }
    }

    /// The next message, or the end of the stream between two.
    pub(super) async fn next(&mut self) -> capnp::Result<Next> {
        if self.body.is_none() {
            if !self.has_begun() && !self.source.fill().await? {
                return Ok(Next::End);
            }
            self.body = Some(self.segment_table().await?);
            self.table.clear();
        }
        if let Some(body) = &mut self.body {
            self.source.read_body(body).await?;
        }
        let Some(body) = self.body.take() else {
            return Err(premature_end());
        };
        let frame = Frame {
            words: body.words,
            segments: body.segments,
        };
        Ok(match body.too_large {
            Some(bytes) => Next::TooLarge(frame, bytes),
            None => Next::Whole(frame),
        })
    }

    /// Whether a message has begun to come.
    pub(super) const fn has_begun(&self) -> bool {
        self.body.is_some() || !self.table.is_empty() || self.source.start < self.source.end
    }

    /// Waits until a message begins, or the stream ends.
    pub(super) async fn begin(&mut self) -> capnp::Result<bool> {
        Ok(self.has_begun() || self.source.fill().await?)
    }

    /// Reads the table of a message's segments: their number less one, their lengths, and what fills the last word.
    async fn segment_table(&mut self) -> capnp::Result<Body> {
        self.source.read_table(&mut self.table, 4).await?;
        let count = number(&self.table, 0).wrapping_add(1);
        if count == 0 || count >= MAX_SEGMENTS {
            return Err(capnp::Error::failed(format!("Too many segments: {count}")));
        }
        let lengths = usize::try_from(count).unwrap_or(usize::MAX);
        let size = (4 * (lengths + 1)).next_multiple_of(8);
        self.source.read_table(&mut self.table, size).await?;
        let mut segments = Vec::new();
        let mut total: u64 = 0;
        for index in 0..lengths {
            let length = u64::from(number(&self.table, index + 1));
            // Both are used only where they are below the limit of a message, which fits in memory.
            let fits = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            segments.push((fits(total), fits(length)));
            total += length;
        }
        if total > self.skip_words {
            return Err(capnp::Error::failed(format!(
                "Message has {total} words, which is too large."
            )));
        }
        let too_large = total > self.max_words;
        let kept = if too_large {
            let kept = u64::from(number(&self.table, 1)).min(KEPT);
            segments = vec![(0, usize::try_from(kept).unwrap_or_default())];
            kept
        } else {
            total
        };
        let kept_words = usize::try_from(kept).unwrap_or_default();
        Ok(Body {
            segments,
            words: Word::allocate_zeroed_vec(kept_words.min(FIRST_GROWTH)),
            total: kept_words,
            filled: 0,
            surplus: (total - kept) * 8,
            too_large: too_large.then_some(total * 8),
        })
    }
}

/// A little-endian number of the table, which holds it.
fn number(table: &[u8], index: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&table[4 * index..4 * index + 4]);
    u32::from_le_bytes(bytes)
}

impl<R: AsyncRead + Unpin> Source<R> {
    /// Reads on until `table` has `size` bytes.
    async fn read_table(&mut self, table: &mut Vec<u8>, size: usize) -> capnp::Result<()> {
        while table.len() < size {
            if self.start == self.end && !self.fill().await? {
                return Err(premature_end());
            }
            let more = (size - table.len()).min(self.end - self.start);
            table.extend_from_slice(&self.buffer[self.start..self.start + more]);
            self.start += more;
        }
        Ok(())
    }

    /// Reads a body to its end. Memory grows with what has come, not with what was claimed.
    async fn read_body(&mut self, body: &mut Body) -> capnp::Result<()> {
        loop {
            let bytes = Word::words_to_bytes_mut(&mut body.words);
            let ready = (bytes.len() - body.filled).min(self.end - self.start);
            bytes[body.filled..body.filled + ready]
                .copy_from_slice(&self.buffer[self.start..self.start + ready]);
            self.start += ready;
            body.filled += ready;
            while body.filled < bytes.len() {
                let read = self.reader.read(&mut bytes[body.filled..]).await?;
                if read == 0 {
                    return Err(premature_end());
                }
                body.filled += read;
            }
            if body.words.len() == body.total {
                break;
            }
            let more = body.words.len().min(body.total - body.words.len());
            body.words.extend(Word::allocate_zeroed_vec(more));
        }
        while body.surplus > 0 {
            if self.start == self.end && !self.fill().await? {
                return Err(premature_end());
            }
            let there = self.end - self.start;
            let gone = usize::try_from(body.surplus).map_or(there, |surplus| surplus.min(there));
            self.start += gone;
            body.surplus -= u64::try_from(gone).unwrap_or(body.surplus);
        }
        Ok(())
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

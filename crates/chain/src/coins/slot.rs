//! A coin at its place in its short form, as it lies in memory.

use primitives::OutPoint;
use primitives::encode::{DecodeError, Reader, Sink};

use super::Coin;
use crate::compress::{put_plain_output, put_varint, script_len, varint, varint_u32};

/// Bytes of a coin that lie in the slot itself: all of the usual outputs, taproot's among them.
pub(super) const SHORT: usize = 48;

/// A coin in its short form: that of the store ([`Coin::encode`]), but for whole public keys, which
/// take long to restore from their halves.
#[derive(Clone, Debug)]
pub(super) enum Packed {
    /// There is none any more.
    Spent,
    /// Its length, and room for it.
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Packed {
    fn new(coin: &Coin) -> Self {
        let mut packer = Packer::new();
        put_varint(&mut packer, coin.code());
        put_plain_output(&mut packer, &coin.output);
        packer.done()
    }

    /// The bytes of a coin as [`Coin::encode`] wrote it, without a look at its script; `None` where that
    /// must be looked at.
    fn from_store(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        varint_u32(&mut reader).ok()?;
        varint(&mut reader).ok()?;
        let len = script_len(&mut reader)?;
        reader.take(len).ok()?;
        let is_whole = reader.finish().is_ok();
        (is_whole && bytes.len() <= SHORT).then(|| Self::from_bytes(bytes))
    }

    /// The bytes of a coin again; none where it is spent.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let mut packer = Packer::new();
        packer.put(bytes);
        packer.done()
    }

    /// The bytes of the coin; none where it is spent.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Spent => &[],
            Self::Short(len, bytes) => &bytes[..usize::from(*len)],
            Self::Long(bytes) => bytes,
        }
    }
}

/// Takes the bytes of a coin; only long ones need an allocation.
struct Packer {
    len: usize,
    short: [u8; SHORT],
    long: Vec<u8>,
}

impl Packer {
    const fn new() -> Self {
        Self {
            len: 0,
            short: [0; SHORT],
            long: Vec::new(),
        }
    }

    fn done(self) -> Packed {
        match u8::try_from(self.len) {
            Ok(0) if self.long.is_empty() => Packed::Spent,
            Ok(len) if self.long.is_empty() => Packed::Short(len, self.short),
            _ => Packed::Long(self.long.into()),
        }
    }
}

impl Sink for Packer {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        match self.short.get_mut(self.len..end) {
            Some(room) if self.long.is_empty() => {
                room.copy_from_slice(bytes);
                self.len = end;
            }
            _ => {
                if self.long.is_empty() {
                    self.long.reserve_exact(end);
                    self.long.extend_from_slice(&self.short[..self.len]);
                }
                self.long.extend_from_slice(bytes);
            }
        }
    }
}

/// A coin at its place, or the news that it is spent.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(super) outpoint: OutPoint,
    pub(super) packed: Packed,
    /// The view below has something else.
    pub(super) dirty: bool,
    /// The view below has nothing, so that a spent coin need not be mentioned to it.
    pub(super) fresh: bool,
}

impl Slot {
    /// What the view below has, too.
    pub(super) fn clean(outpoint: OutPoint, coin: &Coin) -> Self {
        Self {
            outpoint,
            packed: Packed::new(coin),
            dirty: false,
            fresh: false,
        }
    }

    /// As [`Slot::clean`], of what lies in the store.
    pub(super) fn stored(outpoint: OutPoint, bytes: &[u8]) -> Result<Self, DecodeError> {
        if let Some(packed) = Packed::from_store(bytes) {
            return Ok(Self {
                outpoint,
                packed,
                dirty: false,
                fresh: false,
            });
        }
        let coin = Coin::decode(&mut Reader::new(bytes))?;
        Ok(Self::clean(outpoint, &coin))
    }

    /// A change that the view below does not know.
    pub(super) fn dirty(outpoint: OutPoint, coin: Option<&Coin>, fresh: bool) -> Self {
        Self {
            outpoint,
            packed: coin.map_or(Packed::Spent, Packed::new),
            dirty: true,
            fresh,
        }
    }

    pub(super) const fn is_unspent(&self) -> bool {
        !matches!(self.packed, Packed::Spent)
    }

    /// The coin, unless it is spent.
    pub(super) fn coin(&self) -> Option<Coin> {
        unpack(self.packed.bytes())
    }
}

/// A slot where it lies in its table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotRef<'a> {
    pub(super) outpoint: OutPoint,
    /// None where it is spent.
    pub(super) bytes: &'a [u8],
}

impl SlotRef<'_> {
    pub(crate) const fn outpoint(&self) -> &OutPoint {
        &self.outpoint
    }

    pub(crate) const fn is_unspent(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// The coin, unless it is spent.
    pub(crate) fn coin(&self) -> Option<Coin> {
        unpack(self.bytes)
    }

    /// Writes the coin as [`Coin::encode`] does; nothing where it is spent.
    pub(crate) fn encode(&self, out: &mut impl Sink) {
        if self.bytes.len() <= SHORT {
            // No whole key fits.
            out.put(self.bytes);
        } else if let Some(coin) = self.coin() {
            coin.encode(out);
        }
    }
}

fn unpack(bytes: &[u8]) -> Option<Coin> {
    let decode = || Coin::decode(&mut Reader::new(bytes)).expect("it was made of a coin");
    (!bytes.is_empty()).then(decode)
}

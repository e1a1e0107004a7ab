//! The file of a snapshot: which block it belongs to, how many coins there are, and the coins, by
//! transaction.

use std::io::Read;

use primitives::encode::{DecodeError, Reader, Sink as _};
use primitives::params::Network;
use primitives::{BlockHash, ChainParams, OutPoint, Txid};

use super::load::PopulateError;
use crate::coins::Coin;

/// How the file begins.
const MAGIC: [u8; 5] = *b"utxo\xff";
/// The one version of the format that is read and written.
const VERSION: u16 = 2;
/// Bytes before the first coin.
pub const METADATA_SIZE: usize = 5 + 2 + 4 + 32 + 8;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;
/// No part of a file that is read as a whole takes more bytes, scripts that nobody can spend left
/// aside.
const LARGEST_PART: usize = 16 << 10;

/// What a snapshot says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotMetadata {
    /// The block that the coins stand at.
    pub base: BlockHash,
    /// How many there are.
    pub coins: u64,
}

/// Why a file is not taken for a snapshot. Shown as Core's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The file is too short.
    #[error("AutoFile::read: end of file")]
    Truncated,
    /// It begins with something else.
    #[error(
        "Invalid UTXO set snapshot magic bytes. Please check if this is indeed a snapshot file or \
         if you are using an outdated snapshot format."
    )]
    Magic,
    /// Its format is another one.
    #[error("Version of snapshot {0} does not match any of the supported versions.")]
    Version(u16),
    /// It belongs to another network.
    #[error(
        "The network of the snapshot ({found}) does not match the network of this node ({expected})."
    )]
    Network {
        /// The file's.
        found: &'static str,
        /// The node's.
        expected: &'static str,
    },
    /// It belongs to a network that nobody knows.
    #[error(
        "This snapshot has been created for an unrecognized network. This could be a custom signet, \
         a new testnet or possibly caused by data corruption."
    )]
    UnknownNetwork,
}

impl SnapshotMetadata {
    /// Writes it as it lies in the file.
    pub fn to_bytes(&self, params: &ChainParams) -> Vec<u8> {
        let mut out = Vec::with_capacity(METADATA_SIZE);
        out.put(&MAGIC);
        out.put(&VERSION.to_le_bytes());
        out.put(&params.magic);
        out.put(&self.base.0);
        out.put(&self.coins.to_le_bytes());
        out
    }

    /// Reads what [`SnapshotMetadata::to_bytes`] wrote.
    ///
    /// # Errors
    /// A [`MetadataError`].
    pub fn from_bytes(bytes: &[u8], params: &ChainParams) -> Result<Self, MetadataError> {
        let mut reader = Reader::new(bytes);
        let ended = |_: DecodeError| MetadataError::Truncated;
        if reader.array::<5>().map_err(ended)? != MAGIC {
            return Err(MetadataError::Magic);
        }
        let version = reader.u16().map_err(ended)?;
        if version != VERSION {
            return Err(MetadataError::Version(version));
        }
        let magic: [u8; 4] = reader.array().map_err(ended)?;
        if magic != params.magic {
            let of_network = |network: &Network| ChainParams::get(params.coin, *network);
            let mut networks = Network::ALL.iter().map(of_network);
            let found = networks.find(|other| other.magic == magic);
            return Err(found.map_or(MetadataError::UnknownNetwork, |found| {
                MetadataError::Network {
                    found: found.network.id(),
                    expected: params.network.id(),
                }
            }));
        }
        Ok(Self {
            base: BlockHash(reader.array().map_err(ended)?),
            coins: reader.u64().map_err(ended)?,
        })
    }
}

/// Reads the coins of a snapshot, one after another, in memory of fixed size.
#[derive(Debug)]
pub struct SnapshotReader<R> {
    source: R,
    buffer: Vec<u8>,
    /// What of the buffer was used.
    used: usize,
    ended: bool,
    total: u64,
    left: u64,
    /// The transaction whose coins come next, and how many.
    group: (Txid, u64),
    base_height: u32,
    params: &'static ChainParams,
}

impl<R: Read> SnapshotReader<R> {
    /// Begins behind the metadata; the coins belong to the chain up to `base_height`.
    pub const fn new(
        source: R,
        metadata: &SnapshotMetadata,
        base_height: u32,
        params: &'static ChainParams,
    ) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            used: 0,
            ended: false,
            total: metadata.coins,
            left: metadata.coins,
            group: (Txid([0; 32]), 0),
            base_height,
            params,
        }
    }

    /// Coins that were read.
    pub const fn done(&self) -> u64 {
        self.total - self.left
    }

    /// Coins that there are.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The next coin; `None` behind the last, where the file has to end.
    ///
    /// # Errors
    /// A [`PopulateError`], where the file is not as it should be.
    pub fn next_coin(&mut self) -> Result<Option<(OutPoint, Coin)>, PopulateError> {
        if self.left == 0 {
            self.fill(1)?;
            return match self.buffer.len() > self.used {
                true => Err(PopulateError::LeftOver(self.total)),
                false => Ok(None),
            };
        }
        while self.group.1 == 0 {
            let (txid, coins) = self.part(|reader| {
                let txid = Txid(reader.array()?);
                Ok((txid, reader.compact_size()? as u64))
            })?;
            if coins > self.left {
                return Err(PopulateError::Count);
            }
            self.group = (txid, coins);
        }
        let (vout, coin) = self.part(|reader| {
            let vout = reader.compact_size()?;
            Ok((vout, Coin::decode(reader)?))
        })?;
        let vout = u32::try_from(vout).unwrap_or(u32::MAX);
        if coin.height > self.base_height || vout == u32::MAX {
            return Err(PopulateError::BadCoin(self.done()));
        }
        if !coin.output.value.in_range(self.params.max_money) {
            return Err(PopulateError::BadAmount(self.done()));
        }
        let outpoint = OutPoint::new(self.group.0, vout);
        self.group.1 -= 1;
        self.left -= 1;
        Ok(Some((outpoint, coin)))
    }

    /// Reads one part of the file.
    fn part<T>(
        &mut self,
        read: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, PopulateError> {
        let mut wanted = LARGEST_PART;
        loop {
            self.fill(wanted)?;
            let mut reader = Reader::new(&self.buffer[self.used..]);
            let before = reader.rest().len();
            match read(&mut reader) {
                Ok(part) => {
                    self.used += before - reader.rest().len();
                    return Ok(part);
                }
                // A script that is too long to be spent is passed over, up to a limit.
                Err(DecodeError::EndOfData) if !self.ended && wanted < CHUNK => wanted = CHUNK,
                Err(_) => return Err(PopulateError::Format(self.done())),
            }
        }
    }

    /// Makes sure that so many bytes are in the buffer, if the file has them.
    fn fill(&mut self, wanted: usize) -> Result<(), PopulateError> {
        while !self.ended && self.buffer.len() - self.used < wanted {
            self.buffer.drain(..self.used);
            self.used = 0;
            let room = u64::try_from(CHUNK).expect("a megabyte");
            let read = (&mut self.source).take(room).read_to_end(&mut self.buffer);
            self.ended = read.map_err(PopulateError::Read)? < CHUNK;
        }
        Ok(())
    }
}

/// Writes the coins of one transaction.
pub(super) fn put_group(out: &mut Vec<u8>, txid: &Txid, coins: &[(u32, Coin)]) {
    out.put(&txid.0);
    out.put_compact_size(coins.len() as u64);
    for (vout, coin) in coins {
        out.put_compact_size(u64::from(*vout));
        coin.encode(out);
    }
}

#[cfg(test)]
mod tests {
    use primitives::params::Coin as Family;
    use primitives::{Amount, Script, TxOut};

    use super::*;

    fn coin(height: u32, value: i64, script: usize) -> Coin {
        Coin {
            height,
            coinbase: height.is_multiple_of(2),
            output: TxOut {
                value: Amount::from_sat(value),
                script_pubkey: Script::from(vec![0x51; script]),
            },
        }
    }

    fn file(groups: &[(u8, Vec<(u32, Coin)>)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (id, coins) in groups {
            put_group(&mut out, &Txid([*id; 32]), coins);
        }
        out
    }

    fn read(bytes: &[u8], coins: u64) -> Result<Vec<(OutPoint, Coin)>, String> {
        let metadata = SnapshotMetadata {
            base: BlockHash::ZERO,
            coins,
        };
        let params = ChainParams::get(Family::Bitcoin, Network::Regtest);
        let mut reader = SnapshotReader::new(bytes, &metadata, 100, params);
        let mut found = Vec::new();
        loop {
            match reader.next_coin() {
                Ok(Some(coin)) => found.push(coin),
                Ok(None) => return Ok(found),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    #[test]
    fn coins_come_back() {
        let groups = [
            (1, vec![(0, coin(1, 5, 1)), (300, coin(2, 6, 9_000))]),
            (2, vec![(7, coin(100, 7, 0))]),
        ];
        let found = read(&file(&groups), 3).unwrap();
        let flat = groups.into_iter().flat_map(|(id, coins)| {
            let place = move |(vout, coin)| (OutPoint::new(Txid([id; 32]), vout), coin);
            coins.into_iter().map(place)
        });
        assert_eq!(found, flat.collect::<Vec<_>>());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |bytes: &[u8], coins, text: &str| {
            assert_eq!(read(bytes, coins).unwrap_err(), text);
        };
        let good = file(&[(1, vec![(0, coin(1, 5, 1))]), (2, vec![(0, coin(2, 5, 1))])]);
        let left = "Bad snapshot - coins left over after deserializing 1 coins";
        check(&good, 1, left);
        let short = "Bad snapshot format or truncated snapshot after deserializing 2 coins";
        check(&good, 3, short);
        check(
            &good[..good.len() - 1],
            2,
            &short.replace("2 coins", "1 coins"),
        );
        let many = file(&[(1, vec![(0, coin(1, 5, 1)), (1, coin(1, 5, 1))])]);
        let count = "Mismatch in coins count in snapshot metadata and actual snapshot data";
        check(&many, 1, count);
        let high = file(&[(1, vec![(0, coin(101, 5, 1))])]);
        check(&high, 1, "Bad snapshot data after deserializing 0 coins");
        let rich = file(&[(1, vec![(0, coin(1, 2_100_000_000_000_001, 1))])]);
        check(
            &rich,
            1,
            "Bad snapshot data after deserializing 0 coins - bad tx out value",
        );
        // A script that says to be longer than any memory.
        let mut long = vec![1; 32];
        long.extend([1, 0, 2, 1, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0x00]);
        long.resize(long.len() + 3 * CHUNK, 0);
        let format = "Bad snapshot format or truncated snapshot after deserializing 0 coins";
        check(&long, 1, format);
    }

    #[test]
    fn metadata_names_its_network() {
        let params = |network| ChainParams::get(Family::Bitcoin, network);
        let regtest = params(Network::Regtest);
        let metadata = SnapshotMetadata {
            base: BlockHash([7; 32]),
            coins: 9,
        };
        let bytes = metadata.to_bytes(regtest);
        assert_eq!(bytes.len(), METADATA_SIZE);
        let read = |bytes: &[u8]| SnapshotMetadata::from_bytes(bytes, regtest);
        assert_eq!(read(&bytes), Ok(metadata));
        let foreign = metadata.to_bytes(params(Network::Main));
        let network = MetadataError::Network {
            found: "main",
            expected: "regtest",
        };
        assert_eq!(read(&foreign), Err(network));
        let change = |at: usize, byte| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            read(&bytes).unwrap_err()
        };
        assert_eq!(change(0, 0), MetadataError::Magic);
        assert_eq!(change(5, 3), MetadataError::Version(3));
        assert_eq!(change(7, 0), MetadataError::UnknownNetwork);
        assert_eq!(read(&bytes[..50]), Err(MetadataError::Truncated));
    }
}

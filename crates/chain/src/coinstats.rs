//! Figures of all coins together (`gettxoutsetinfo`; Core's `kernel/coinstats.cpp`).

use primitives::encode::Sink as _;
use primitives::{Amount, BlockHash, Hash256, HashScheme, OutPoint, Txid};

use crate::coins::{Coin, CoinsSnapshot};
use crate::muhash::MuHash;
use crate::store::StoreError;

/// Which hash of all coins is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoinStatsHash {
    /// None.
    None,
    /// The set hash, which is the same for any order.
    MuHash,
    /// The hash of all coins in order (`hash_serialized_3`).
    Serialized,
}

/// Figures of all coins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoinStats {
    /// The block that they stand at.
    pub best_block: BlockHash,
    /// Transactions with a coin.
    pub transactions: u64,
    /// Coins.
    pub outputs: u64,
    /// All amounts; `None` where they do not fit 64 bits.
    pub total_amount: Option<Amount>,
    /// A size that does not depend on how coins are stored, in bytes.
    pub bogo_size: u64,
    /// Bytes on disk.
    pub disk_size: u64,
    /// The hash that was wanted.
    pub hash: Option<Hash256>,
}

/// Why figures were not counted to the end.
#[derive(Debug, thiserror::Error)]
pub enum CoinStatsError {
    /// The coins cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The caller wanted no more.
    #[error("Shutting down")]
    Interrupted,
}

/// A coin as hashes of all coins take it (Core's `TxOutSer`).
pub fn coin_bytes(outpoint: &OutPoint, coin: &Coin) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64 + coin.output.script_pubkey.len());
    outpoint.encode(&mut bytes);
    let code = coin.height << 1 | u32::from(coin.coinbase);
    bytes.put_u32(code);
    coin.output.encode(&mut bytes);
    bytes
}

/// A size of a coin that does not depend on how it is stored, in bytes (Core's `GetBogoSize`).
pub fn bogo_size(coin: &Coin) -> u64 {
    // Transaction, number, height and kind, amount, length of the script.
    32 + 4 + 4 + 8 + 2 + coin.output.script_pubkey.len() as u64
}

/// About what a coin takes in the store, in bytes: transaction and number, height and amount, script, which is shorter
/// for the usual kinds.
fn stored_size(coin: &Coin) -> u64 {
    36 + 8 + coin.output.script_pubkey.len() as u64
}

enum Hasher {
    None,
    MuHash(Box<MuHash>),
    Serialized(Box<primitives::hash_scheme::TxHasher>),
}

impl Hasher {
    fn add(&mut self, outpoint: &OutPoint, coin: &Coin) {
        match self {
            Self::None => {}
            Self::MuHash(set) => set.insert(&coin_bytes(outpoint, coin)),
            Self::Serialized(hasher) => hasher.update(&coin_bytes(outpoint, coin)),
        }
    }
}

/// Counts all coins of `snapshot`. `go_on` is told now and then how many per cent of them were counted, and says
/// whether to go on.
///
/// # Errors
/// A [`CoinStatsError`].
pub fn coin_stats(
    snapshot: &CoinsSnapshot,
    hash: CoinStatsHash,
    scheme: HashScheme,
    go_on: impl FnMut(u8) -> bool,
) -> Result<CoinStats, CoinStatsError> {
    let stats = coin_stats_of(snapshot.iter(), snapshot.best_block(), hash, scheme, go_on)?;
    Ok(CoinStats {
        // What still lies in the store's journal is not in its files.
        disk_size: stats.disk_size.max(snapshot.disk_bytes()),
        ..stats
    })
}

/// Counts coins that come by transaction, as of the block `best`.
pub(crate) fn coin_stats_of(
    coins: impl Iterator<Item = Result<(OutPoint, Coin), StoreError>>,
    best: BlockHash,
    hash: CoinStatsHash,
    scheme: HashScheme,
    mut go_on: impl FnMut(u8) -> bool,
) -> Result<CoinStats, CoinStatsError> {
    let mut stats = CoinStats {
        best_block: best,
        total_amount: Some(Amount::ZERO),
        ..CoinStats::default()
    };
    let mut hasher = match hash {
        CoinStatsHash::None => Hasher::None,
        CoinStatsHash::MuHash => Hasher::MuHash(Box::default()),
        CoinStatsHash::Serialized => Hasher::Serialized(Box::new(scheme.tx_hasher())),
    };
    // The coins of one transaction, which the store has not always in order.
    let mut group: Vec<(OutPoint, Coin)> = Vec::new();
    for row in coins {
        let (outpoint, coin) = row?;
        if group
            .first()
            .is_some_and(|(first, _)| first.txid != outpoint.txid)
        {
            count(&mut group, &mut stats, &mut hasher);
            if stats.transactions.is_multiple_of(1024) && !go_on(share_below(&outpoint.txid)) {
                return Err(CoinStatsError::Interrupted);
            }
        }
        group.push((outpoint, coin));
    }
    count(&mut group, &mut stats, &mut hasher);
    stats.hash = match hasher {
        Hasher::None => None,
        Hasher::MuHash(set) => Some(Hash256(set.finalize())),
        Hasher::Serialized(hasher) => Some(Hash256(hasher.finalize())),
    };
    Ok(stats)
}

/// How many per cent of all coins come before those of a transaction: ids are spread evenly, and the store has them in
/// order.
pub fn share_below(txid: &Txid) -> u8 {
    let first = u16::from_be_bytes([txid.0[0], txid.0[1]]);
    u8::try_from(u32::from(first) * 100 / 65_536).expect("below a hundred")
}

fn count(group: &mut Vec<(OutPoint, Coin)>, stats: &mut CoinStats, hasher: &mut Hasher) {
    if group.is_empty() {
        return;
    }
    group.sort_unstable_by_key(|(outpoint, _)| outpoint.vout);
    stats.transactions += 1;
    for (outpoint, coin) in group.drain(..) {
        stats.outputs += 1;
        stats.bogo_size += bogo_size(&coin);
        stats.disk_size += stored_size(&coin);
        stats.total_amount = stats
            .total_amount
            .and_then(|total| total.checked_add(coin.output.value));
        hasher.add(&outpoint, &coin);
    }
}

//! Two branches of blocks with many coins, and the coins' hash at every block.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use chain::Coin;
use chain::coinstats::coin_bytes;
use chain::muhash::MuHash;
use primitives::{Block, BlockHash, ChainParams, OutPoint, Tx};

use super::mine::{Parent, coinbase_coin, mine, spend};

/// Blocks before the branches.
const TRUNK: u32 = 125;
/// Blocks of the branch that comes first.
const FIRST: u32 = 12;
/// Blocks of the branch that wins.
const SECOND: u32 = 16;
/// Outputs of a block that makes many: a few dozen such blocks fill the smallest cache of coins.
const OUTPUTS: u32 = 600;
/// Coinbases can be spent after so many blocks.
const MATURITY: usize = 100;
/// Less than a block may pay at any height here.
const REWARD: i64 = 600_000_000;

/// All blocks in the order in which they are to be sent.
pub(crate) struct World {
    pub(crate) blocks: Vec<Arc<Block>>,
    /// The coins' hash by block: computed from the blocks alone.
    pub(crate) hashes: HashMap<BlockHash, String>,
}

/// The first block of the winning branch.
pub(crate) fn fork(blocks: &[Arc<Block>]) -> BlockHash {
    blocks[(TRUNK + FIRST) as usize].hash
}

/// Writes blocks as `-loadblock` reads them.
pub(crate) fn write_records(path: &Path, params: &ChainParams, blocks: &[Arc<Block>]) {
    let mut file = Vec::new();
    for block in blocks {
        let size = u32::try_from(block.size(true)).unwrap();
        file.extend(params.magic);
        file.extend(size.to_le_bytes());
        block.encode(&mut file, true);
    }
    std::fs::write(path, file).unwrap();
}

/// Reads what [`write_records`] wrote.
pub(crate) fn read_records(path: &Path, params: &ChainParams) -> Vec<Arc<Block>> {
    let file = std::fs::read(path).unwrap();
    let (mut blocks, mut rest) = (Vec::new(), &file[..]);
    while let Some((header, behind)) = rest.split_first_chunk::<8>() {
        let size = u32::from_le_bytes(*header.last_chunk().unwrap());
        let (data, behind) = behind.split_at(size as usize);
        let block = Block::from_bytes(data, params.hashes).unwrap();
        blocks.push(Arc::new(block));
        rest = behind;
    }
    blocks
}

/// A branch while it is made.
#[derive(Clone)]
struct Branch {
    tip: Parent,
    blocks: Vec<Arc<Block>>,
    coins: HashMap<OutPoint, Coin>,
    hash: MuHash,
}

impl World {
    pub(crate) fn new(params: &ChainParams) -> Self {
        let genesis = Block::from_bytes(params.genesis.block, params.hashes).unwrap();
        let mut hashes = HashMap::new();
        let mut trunk = Branch {
            tip: Parent::of(&genesis, 0),
            blocks: Vec::new(),
            coins: HashMap::new(),
            hash: MuHash::new(),
        };
        hashes.insert(genesis.hash, trunk.text());
        trunk.grow(params, TRUNK, 0, &mut hashes);
        let mut blocks = trunk.blocks.clone();
        for (count, salt) in [(FIRST, 1), (SECOND, 2)] {
            let mut branch = trunk.clone();
            branch.grow(params, count, salt, &mut hashes);
            blocks.extend_from_slice(&branch.blocks[TRUNK as usize..]);
        }
        Self { blocks, hashes }
    }

    /// The last block of the winning branch.
    pub(crate) fn best(&self) -> BlockHash {
        self.blocks.last().unwrap().hash
    }
}

impl Branch {
    fn grow(
        &mut self,
        params: &ChainParams,
        count: u32,
        salt: u32,
        hashes: &mut HashMap<BlockHash, String>,
    ) {
        for _ in 0..count {
            let height = self.tip.height + 1;
            let txs = self.transactions(params);
            let block = mine(params, self.tip, &txs, salt, REWARD);
            block.txs.iter().for_each(|tx| self.apply(tx, height));
            self.tip = Parent::of(&block, height);
            hashes.insert(block.hash, self.text());
            self.blocks.push(block);
        }
    }

    /// One that makes many coins, and one that spends half of those that the block before made.
    fn transactions(&self, params: &ChainParams) -> Vec<Arc<Tx>> {
        let mut txs = Vec::new();
        if let Some(ripe) = self.blocks.len().checked_sub(MATURITY) {
            txs.push(spend(params, &[coinbase_coin(&self.blocks[ripe])], OUTPUTS));
        }
        if let Some(many) = self.blocks.last().and_then(|block| block.txs.get(1)) {
            let from: Vec<_> = many
                .outputs
                .iter()
                .zip(0..OUTPUTS / 2)
                .map(|(output, n)| (OutPoint::new(many.txid(), n), output.value.sat()))
                .collect();
            txs.push(spend(params, &from, 1));
        }
        txs
    }

    fn apply(&mut self, tx: &Tx, height: u32) {
        if !tx.is_coinbase() {
            for input in &tx.inputs {
                let coin = self.coins.remove(&input.prevout).unwrap();
                self.hash.remove(&coin_bytes(&input.prevout, &coin));
            }
        }
        for (output, n) in tx.outputs.iter().zip(0..) {
            let coin = Coin {
                height,
                coinbase: tx.is_coinbase(),
                output: output.clone(),
            };
            let place = OutPoint::new(tx.txid(), n);
            self.hash.insert(&coin_bytes(&place, &coin));
            self.coins.insert(place, coin);
        }
    }

    fn text(&self) -> String {
        let mut hash = self.hash.finalize();
        hash.reverse();
        primitives::hash::to_hex(&hash)
    }
}

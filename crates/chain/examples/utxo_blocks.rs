//! Writes two files of regtest blocks for measurements of the coins:
//! `utxo_blocks <coins> <blocks> <directory>`.
//!
//! `setup.dat` makes so many coins; `load.dat` has so many blocks on top, each with 2,500 transactions
//! of two inputs, taken at random from all coins before the block, and two outputs. All scripts hold
//! 20 bytes of chance, are not the same, and cost next to nothing to run.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use consensus::block_subsidy;
use consensus::merkle::block_merkle_root;
use consensus::pow::check_proof_of_work;
use primitives::params::{Coin, Network};
use primitives::script::opcodes::{OP_1, OP_DROP};
use primitives::transaction::{SEQUENCE_FINAL, TxData};
use primitives::{
    Amount, Block, BlockHash, ChainParams, Hash256, Header, OutPoint, Script, Tx, TxIn, TxOut, Txid,
};

/// Outputs of one transaction that makes coins.
const FAN: u32 = 100;
/// Such transactions in a block: nearly 4 million weight units.
const FANS: u32 = 290;
/// Transactions in a block that spends.
const SPENDERS: usize = 2500;
/// Where the chance begins, so that all files of one size are the same.
const SEED: u64 = 0x5eed;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let mut arg = |name: &'static str| args.next().ok_or(name);
    let (coins, blocks): (usize, u32) = (arg("coins")?.parse()?, arg("blocks")?.parse()?);
    let dir = PathBuf::from(arg("directory")?);
    let mut maker = Maker::new(ChainParams::get(Coin::Bitcoin, Network::Regtest));
    let mut setup = BufWriter::new(File::create(dir.join("setup.dat"))?);
    put_block(maker.params, maker.params.genesis.block, &mut setup)?;
    for _ in 0..maker.params.coinbase_maturity {
        maker.block(Vec::new(), &mut setup)?;
    }
    while maker.coins.len() < coins {
        let wanted = u32::try_from(coins - maker.coins.len())?.div_ceil(FAN);
        let txs = maker.fan_out(wanted.min(FANS));
        maker.block(txs, &mut setup)?;
    }
    setup.flush()?;
    let mut load = BufWriter::new(File::create(dir.join("load.dat"))?);
    for _ in 0..blocks {
        let txs = maker.spenders();
        maker.block(txs, &mut load)?;
    }
    load.flush()?;
    Ok(())
}

/// A coin that can be spent.
#[derive(Clone, Copy)]
struct Place {
    /// Which of the kept ids.
    tx: u32,
    vout: u32,
    value: i64,
}

/// A chain that grows.
struct Maker {
    params: &'static ChainParams,
    chance: u64,
    height: u32,
    parent: BlockHash,
    time: u32,
    txids: Vec<Txid>,
    coins: Vec<Place>,
    /// Coins of the block that is being made.
    fresh: Vec<Place>,
    coinbases: Vec<(OutPoint, i64)>,
}

impl Maker {
    fn new(params: &'static ChainParams) -> Self {
        let genesis = params.genesis.block;
        let genesis = Block::from_bytes(genesis, params.hashes).expect("a known block decodes");
        Self {
            params,
            chance: SEED,
            height: 0,
            parent: genesis.hash,
            time: genesis.header.time,
            txids: Vec::new(),
            coins: Vec::new(),
            fresh: Vec::new(),
            coinbases: Vec::new(),
        }
    }

    /// The next number of the SplitMix64 sequence.
    fn next(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn output(&mut self, value: i64) -> TxOut {
        let mut bytes = [0; 24];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next().to_le_bytes());
        }
        TxOut {
            value: Amount::from_sat(value),
            script_pubkey: Script::new().push(&bytes[..20]).op(OP_DROP).op(OP_1),
        }
    }

    fn tx(&self, from: &[OutPoint], outputs: Vec<TxOut>) -> Arc<Tx> {
        let inputs = from
            .iter()
            .map(|place| TxIn::unsigned(*place, SEQUENCE_FINAL));
        let data = TxData {
            version: 2,
            inputs: inputs.collect(),
            outputs,
            lock_time: 0,
        };
        Arc::new(Tx::new(data, self.params.hashes))
    }

    /// Keeps the outputs of `tx` to be spent by later blocks.
    fn keep(&mut self, tx: &Tx) {
        let number = u32::try_from(self.txids.len()).expect("fewer transactions than 2^32");
        self.txids.push(tx.txid());
        let places = tx.outputs.iter().zip(0..).map(|(output, vout)| Place {
            tx: number,
            vout,
            value: output.value.sat(),
        });
        self.fresh.extend(places);
    }

    /// One mature coinbase, to `fans` times [`FAN`] coins.
    fn fan_out(&mut self, fans: u32) -> Vec<Arc<Tx>> {
        let maturity = usize::try_from(self.params.coinbase_maturity).expect("heights fit");
        let (from, value) = self.coinbases[self.coinbases.len() - maturity];
        let part = value / i64::from(fans);
        let outputs = (0..fans).map(|_| self.output(part)).collect();
        let first = self.tx(&[from], outputs);
        let mut txs = vec![Arc::clone(&first)];
        for vout in 0..fans {
            let outputs = (0..FAN).map(|_| self.output(part / i64::from(FAN)));
            let outputs = outputs.collect();
            let tx = self.tx(&[OutPoint::new(first.txid(), vout)], outputs);
            self.keep(&tx);
            txs.push(tx);
        }
        txs
    }

    fn spenders(&mut self) -> Vec<Arc<Tx>> {
        let mut txs = Vec::with_capacity(SPENDERS);
        for _ in 0..SPENDERS {
            let (mut from, mut total) = (Vec::new(), 0);
            for _ in 0..2 {
                let len = self.coins.len() as u64;
                let at = usize::try_from(self.next() % len).expect("an index");
                let place = self.coins.swap_remove(at);
                from.push(OutPoint::new(
                    self.txids[usize::try_from(place.tx).expect("an index")],
                    place.vout,
                ));
                total += place.value;
            }
            let outputs = vec![self.output(total / 2), self.output(total - total / 2)];
            let tx = self.tx(&from, outputs);
            self.keep(&tx);
            txs.push(tx);
        }
        txs
    }

    /// Puts a block with these transactions on the chain and into `file`.
    fn block(&mut self, txs: Vec<Arc<Tx>>, file: &mut impl Write) -> Outcome<()> {
        self.height += 1;
        self.time += 1;
        let value = block_subsidy(self.height, self.params).sat();
        let input = TxIn {
            script_sig: Script::new().push_int(self.height.into()).push(&[0; 4]),
            ..TxIn::unsigned(OutPoint::NULL, SEQUENCE_FINAL)
        };
        let coinbase = TxData {
            version: 2,
            inputs: vec![input],
            outputs: vec![self.output(value)],
            lock_time: 0,
        };
        let coinbase = Arc::new(Tx::new(coinbase, self.params.hashes));
        let place = OutPoint::new(coinbase.txid(), 0);
        self.coinbases.push((place, value));
        let header = Header {
            version: 0x2000_0000,
            prev: self.parent,
            merkle_root: Hash256::ZERO,
            time: self.time,
            bits: self.params.genesis.bits,
            nonce: 0,
        };
        let txs = std::iter::once(coinbase).chain(txs).collect();
        let mut block = Block::new(header, txs, self.params.hashes);
        (block.header.merkle_root, _) = block_merkle_root(&block);
        loop {
            block.hash = block.header.hash(self.params.hashes);
            if check_proof_of_work(&block.hash, block.header.bits, self.params) {
                break;
            }
            block.header.nonce += 1;
        }
        self.parent = block.hash;
        self.coins.append(&mut self.fresh);
        put_block(self.params, &block.to_bytes(), file)
    }
}

fn put_block(params: &ChainParams, block: &[u8], file: &mut impl Write) -> Outcome<()> {
    file.write_all(&params.magic)?;
    file.write_all(&u32::try_from(block.len())?.to_le_bytes())?;
    file.write_all(block)?;
    Ok(())
}

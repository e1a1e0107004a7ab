//! Blocks made by hand, whose coins anyone can spend.

use std::sync::Arc;

use chain::BlockInfo;
use consensus::merkle::block_merkle_root;
use consensus::pow::check_proof_of_work;
use primitives::script::opcodes::{OP_1, OP_RETURN};
use primitives::transaction::{SEQUENCE_FINAL, TxData};
use primitives::{
    Amount, Block, BlockHash, ChainParams, Hash256, Header, OutPoint, Script, Tx, TxIn, TxOut,
};

/// A place for a new block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parent {
    pub(crate) hash: BlockHash,
    pub(crate) height: u32,
    pub(crate) time: u32,
}

impl From<&BlockInfo> for Parent {
    fn from(info: &BlockInfo) -> Self {
        Self {
            hash: info.hash,
            height: info.height,
            time: info.header.time,
        }
    }
}

impl Parent {
    /// Behind a block that is not submitted yet.
    pub(crate) fn of(block: &Block, height: u32) -> Self {
        Self {
            hash: block.hash,
            height,
            time: block.header.time,
        }
    }
}

/// A script that anyone satisfies with nothing.
pub(crate) fn anyone() -> Script {
    Script::new().op(OP_1)
}

/// A transaction that spends `from` to one output with this script.
pub(crate) fn spend_to(params: &ChainParams, from: &[(OutPoint, i64)], to: &Script) -> Arc<Tx> {
    let total: i64 = from.iter().map(|(_, value)| value).sum();
    let data = TxData {
        version: 2,
        inputs: from
            .iter()
            .map(|(place, _)| TxIn::unsigned(*place, SEQUENCE_FINAL))
            .collect(),
        outputs: vec![TxOut {
            value: Amount::from_sat(total),
            script_pubkey: to.clone(),
        }],
        lock_time: 0,
    };
    Arc::new(Tx::new(data, params.hashes))
}

/// A transaction that spends `from` to `outputs` equal parts that anyone can spend.
pub(crate) fn spend(params: &ChainParams, from: &[(OutPoint, i64)], outputs: u32) -> Arc<Tx> {
    let total: i64 = from.iter().map(|(_, value)| value).sum();
    let value = Amount::from_sat(total / i64::from(outputs));
    let output = TxOut {
        value,
        script_pubkey: anyone(),
    };
    let data = TxData {
        version: 2,
        inputs: from
            .iter()
            .map(|(place, _)| TxIn::unsigned(*place, SEQUENCE_FINAL))
            .collect(),
        outputs: (0..outputs).map(|_| output.clone()).collect(),
        lock_time: 0,
    };
    Arc::new(Tx::new(data, params.hashes))
}

/// A block on `parent` with these transactions. `salt` makes blocks at one height differ; the
/// coinbase pays `reward` base units.
pub(crate) fn mine(
    params: &ChainParams,
    parent: Parent,
    txs: &[Arc<Tx>],
    salt: u32,
    reward: i64,
) -> Arc<Block> {
    mine_padded(params, parent, txs, (salt, 0), reward)
}

/// As [`mine`], with so many bytes that nobody needs.
pub(crate) fn mine_padded(
    params: &ChainParams,
    parent: Parent,
    txs: &[Arc<Tx>],
    (salt, padding): (u32, usize),
    reward: i64,
) -> Arc<Block> {
    let height = parent.height + 1;
    let input = TxIn {
        script_sig: Script::new()
            .push_int(height.into())
            .push(&salt.to_le_bytes()),
        ..TxIn::unsigned(OutPoint::NULL, SEQUENCE_FINAL)
    };
    let output = TxOut {
        value: Amount::from_sat(reward),
        script_pubkey: anyone(),
    };
    let mut outputs = vec![output];
    if padding > 0 {
        outputs.push(TxOut {
            value: Amount::from_sat(0),
            script_pubkey: Script::new().op(OP_RETURN).push(&vec![7; padding]),
        });
    }
    let coinbase = TxData {
        version: 2,
        inputs: vec![input],
        outputs,
        lock_time: 0,
    };
    let mut all = vec![Arc::new(Tx::new(coinbase, params.hashes))];
    all.extend(txs.iter().cloned());
    let mut header = Header {
        version: 0x2000_0000,
        prev: parent.hash,
        merkle_root: Hash256::ZERO,
        time: parent.time + 1,
        bits: params.genesis.bits,
        nonce: 0,
    };
    let block = Block::new(header, all.clone(), params.hashes);
    (header.merkle_root, _) = block_merkle_root(&block);
    solve(params, header, &all)
}

/// Looks for a nonce, from that of the header on.
pub(crate) fn solve(params: &ChainParams, mut header: Header, txs: &[Arc<Tx>]) -> Arc<Block> {
    loop {
        let block = Block::new(header, txs.to_vec(), params.hashes);
        if check_proof_of_work(&block.hash, header.bits, params) {
            return Arc::new(block);
        }
        header.nonce += 1;
    }
}

/// What a coinbase made.
pub(crate) fn coinbase_coin(block: &Block) -> (OutPoint, i64) {
    let tx = &block.txs[0];
    (OutPoint::new(tx.txid(), 0), tx.outputs[0].value.sat())
}

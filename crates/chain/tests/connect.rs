//! Rules about blocks that need coins: what breaks them only just, and what keeps them only just.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::sync::Arc;

use chain::{Submission, SubmitError};
use common::mine::{Parent, anyone, coinbase_coin, mine, solve, spend};
use common::{Net, TestChain};
use consensus::merkle::block_merkle_root;
use primitives::hash_scheme::{hash160, sha256};
use primitives::script::opcodes::*;
use primitives::transaction::TxData;
use primitives::{
    Amount, Block, ChainParams, CompactTarget, Hash256, Header, OutPoint, Script, Tx, TxIn, TxOut,
};

/// Less than a block may pay at any height here.
const REWARD: i64 = 600_000_000;
/// What a block may pay below height 150.
const SUBSIDY: i64 = 5_000_000_000;
/// Coinbases can be spent after so many blocks.
const MATURITY: u32 = 100;
/// Most that all signature operations of a block may cost.
const MAX_SIGOPS_COST: usize = 80_000;

/// A coin and its amount.
type Place = (OutPoint, i64);

/// A chain to which blocks are offered, one after the other.
struct Offers {
    chain: TestChain,
    params: &'static ChainParams,
    tip: Parent,
    blocks: Vec<Arc<Block>>,
    salt: u32,
    _dir: tempfile::TempDir,
}

impl Offers {
    /// A chain of `height` empty blocks.
    fn new(params: &'static ChainParams, height: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let chain = TestChain::open(Net::Regtest, dir.path(), |config| config.params = params);
        let tip = Parent::from(&chain.reader.tip_block().unwrap());
        let mut offers = Self {
            chain,
            params,
            tip,
            blocks: Vec::new(),
            salt: 0,
            _dir: dir,
        };
        (0..height).for_each(|_| offers.check(&[], "ok"));
        offers
    }

    /// What the coinbase of the block at `height` made.
    fn coin(&self, height: usize) -> Place {
        coinbase_coin(&self.blocks[height - 1])
    }

    fn submit(&self, block: &Arc<Block>) -> String {
        let submitted = self
            .chain
            .handle
            .submit_block(Arc::clone(block), Submission::LOCAL);
        match submitted.wait() {
            Ok(accepted) => match accepted.connected {
                None => "not tried".to_owned(),
                Some(Ok(())) => "ok".to_owned(),
                Some(Err(rejection)) => rejection.to_string(),
            },
            Err(SubmitError::Rejected(rejection)) => rejection.to_string(),
            Err(SubmitError::Chain(error)) => panic!("{error}"),
        }
    }

    /// Offers a block, which becomes the tip where it is expected to be accepted.
    fn offer(&mut self, block: Arc<Block>, expected: &str) {
        let height = self.tip.height + 1;
        let before = self.chain.reader.tip().hash;
        assert_eq!(self.submit(&block), expected, "at height {height}");
        if expected == "ok" {
            self.tip = Parent::of(&block, height);
            self.blocks.push(block);
        } else {
            assert_eq!(self.chain.reader.tip().hash, before);
        }
    }

    fn check_paying(&mut self, txs: &[Arc<Tx>], reward: i64, expected: &str) {
        self.salt += 1;
        let block = mine(self.params, self.tip, txs, self.salt, reward);
        self.offer(block, expected);
    }

    fn check(&mut self, txs: &[Arc<Tx>], expected: &str) {
        self.check_paying(txs, REWARD, expected);
    }

    fn tx(&self, inputs: Vec<TxIn>, outputs: Vec<(i64, Script)>) -> TxData {
        let outputs = outputs.into_iter().map(|(value, script_pubkey)| TxOut {
            value: Amount::from_sat(value),
            script_pubkey,
        });
        TxData {
            version: 2,
            inputs,
            outputs: outputs.collect(),
            lock_time: 0,
        }
    }

    fn finish(&self, data: TxData) -> Arc<Tx> {
        Arc::new(Tx::new(data, self.params.hashes))
    }
}

fn output_of(tx: &Tx, vout: u32) -> Place {
    let value = tx.outputs[vout as usize].value.sat();
    (OutPoint::new(tx.txid(), vout), value)
}

fn input(place: Place, sequence: u32) -> TxIn {
    TxIn::unsigned(place.0, sequence)
}

#[test]
fn coins_are_spent_once_and_not_before_they_are_made() {
    let mut offers = Offers::new(Net::Regtest.params(), MATURITY + 2);
    let missing = "bad-txns-inputs-missingorspent";
    let params = offers.params;
    let first = spend(params, &[offers.coin(1)], 2);
    let second = spend(params, &[output_of(&first, 0)], 1);
    let third = spend(params, &[output_of(&second, 0)], 1);
    // In the wrong order, twice, and one that nobody made.
    offers.check(&[Arc::clone(&second), Arc::clone(&first)], missing);
    let again = spend(params, &[output_of(&first, 0)], 3);
    offers.check(&[Arc::clone(&first), Arc::clone(&second), again], missing);
    let nobody = spend(params, &[(OutPoint::new(first.txid(), 2), 1000)], 1);
    offers.check(&[Arc::clone(&first), nobody], missing);
    // What nobody can spend is no coin.
    let data = Script::new().op(OP_RETURN);
    let burnt = offers.tx(vec![input(offers.coin(2), u32::MAX)], vec![(1000, data)]);
    let burnt = offers.finish(burnt);
    let spends_burnt = spend(params, &[output_of(&burnt, 0)], 1);
    offers.check(&[burnt, spends_burnt], missing);
    // One chain of three in one block; then its coins are gone.
    let txs = [Arc::clone(&first), second, Arc::clone(&third)];
    offers.check(&txs, "ok");
    let gone = spend(params, &[output_of(&first, 0)], 2);
    offers.check(&[gone], missing);
    // The same one again would overwrite what it made.
    offers.check(&[third], "bad-txns-BIP30");
}

#[test]
fn a_reward_must_ripen_and_has_a_limit() {
    let mut offers = Offers::new(Net::Regtest.params(), MATURITY - 1);
    let params = offers.params;
    let early = spend(params, &[offers.coin(1)], 1);
    let reason = "bad-txns-premature-spend-of-coinbase";
    offers.check(&[spend(params, &[offers.coin(2)], 1)], reason);
    // The block at height 100 is its 99th confirmation.
    offers.check(&[Arc::clone(&early)], reason);
    offers.check(&[], "ok");
    offers.check(&[early], "ok");
    // More goes out than comes in, by one.
    let coin = offers.coin(2);
    let outputs = vec![(coin.1 + 1, anyone())];
    let more = offers.finish(offers.tx(vec![input(coin, u32::MAX)], outputs));
    offers.check(&[more], "bad-txns-in-belowout");
    // A fee of 7 for the miner, and no more.
    let outputs = vec![(coin.1 - 7, anyone())];
    let paying = offers.finish(offers.tx(vec![input(coin, u32::MAX)], outputs));
    let txs = [paying];
    offers.check_paying(&txs, SUBSIDY + 8, "bad-cb-amount");
    offers.check_paying(&txs, SUBSIDY + 7, "ok");
    offers.check_paying(&[], SUBSIDY + 1, "bad-cb-amount");
    offers.check_paying(&[], SUBSIDY, "ok");
}

/// BIP68, for the version as an unsigned number.
#[test]
fn relative_lock_times_hold_a_block_back() {
    let mut offers = Offers::new(Net::Regtest.params(), MATURITY + 5);
    let made = spend(offers.params, &[offers.coin(1)], 8);
    offers.check(&[Arc::clone(&made)], "ok");
    let height = offers.tip.height;
    let spending = |offers: &Offers, vout, version, sequence| {
        let place = output_of(&made, vout);
        let mut data = offers.tx(vec![input(place, sequence)], vec![(place.1, anyone())]);
        data.version = version;
        offers.finish(data)
    };
    // Three blocks: the coin's own is the first that does not count.
    let early = "bad-txns-nonfinal";
    for version in [2, 3, 1 << 31, u32::MAX] {
        let tx = spending(&offers, 0, version, 3);
        offers.check(&[tx], early);
    }
    // Bits without a meaning do not matter.
    let tx = spending(&offers, 0, 2, 3 | 1 << 16 | 1 << 30);
    offers.check(&[tx], early);
    // Not for older versions, nor where it is switched off.
    let txs = [
        spending(&offers, 1, 1, 3),
        spending(&offers, 2, 0, 3),
        spending(&offers, 3, 2, 3 | 1 << 31),
        spending(&offers, 4, 2, 1),
    ];
    offers.check(&txs, "ok");
    let tx = spending(&offers, 0, 2, 3);
    offers.check(&[Arc::clone(&tx)], early);
    offers.check(&[], "ok");
    assert_eq!(offers.tip.height, height + 2);
    offers.check(&[tx], "ok");
    // By time: a unit is 512 seconds, and all blocks here are one second apart.
    let tx = spending(&offers, 5, 2, 1 << 22 | 1);
    offers.check(&[tx], early);
    let tx = spending(&offers, 5, 2, 1 << 22);
    offers.check(&[tx], "ok");
    // A coin that the same block makes is no block old.
    let fresh = spend(offers.params, &[output_of(&made, 6)], 2);
    let place = output_of(&fresh, 0);
    let child = |offers: &Offers, sequence| {
        let data = offers.tx(vec![input(place, sequence)], vec![(place.1, anyone())]);
        offers.finish(data)
    };
    let hasty = child(&offers, 1);
    offers.check(&[Arc::clone(&fresh), hasty], early);
    let patient = child(&offers, 0);
    offers.check(&[fresh, patient], "ok");
}

/// BIP113: the parent's median time counts, not the block's own.
#[test]
fn lock_times_are_measured_by_the_median() {
    let mut offers = Offers::new(Net::Regtest.params(), MATURITY + 20);
    // Blocks are one second apart: the median lies five before the tip.
    let median = offers.tip.time - 5;
    let locked = |offers: &Offers, lock_time, sequence| {
        let coin = offers.coin(1);
        let mut data = offers.tx(vec![input(coin, sequence)], vec![(coin.1, anyone())]);
        data.lock_time = lock_time;
        offers.finish(data)
    };
    let tx = locked(&offers, median, 0);
    offers.check(&[tx], "bad-txns-nonfinal");
    let next = offers.tip.height + 1;
    let tx = locked(&offers, next, 0);
    offers.check(&[tx], "bad-txns-nonfinal");
    // The last sequence number switches it off.
    for (lock_time, sequence) in [(median - 1, 0), (next - 1, 0), (u32::MAX, u32::MAX)] {
        let tx = locked(&offers, lock_time, sequence);
        let block = mine(
            offers.params,
            offers.tip,
            &[tx],
            sequence ^ lock_time,
            REWARD,
        );
        let tip = offers.tip;
        offers.offer(block, "ok");
        let hash = offers.blocks.pop().unwrap().hash;
        offers.chain.handle.invalidate_block(hash).wait().unwrap();
        offers.tip = tip;
    }
}

/// `count` multisigs, each worth 20, in a branch that does not run, and a true result.
fn expensive(count: usize) -> Script {
    let mut script = Script::new().op(OP_0).op(OP_IF);
    for _ in 0..count {
        script = script.op(OP_CHECKMULTISIG);
    }
    script.op(OP_ENDIF).op(OP_1)
}

#[test]
fn signature_operations_behind_hashes_and_in_witnesses_count() {
    let mut offers = Offers::new(Net::Regtest.params(), MATURITY + 5);
    let script = expensive(190);
    let program = Script::witness_program(0, &sha256(&script));
    let behind_hash = Script::pay_to_script_hash(&hash160(&script));
    let wrapped = Script::pay_to_script_hash(&hash160(&program));
    let coin = offers.coin(1);
    let scripts = [vec![behind_hash; 4], vec![program.clone(), wrapped]].concat();
    let part = coin.1 / 6;
    let outputs = scripts.into_iter().map(|script| (part, script)).collect();
    let made = offers.finish(offers.tx(vec![input(coin, u32::MAX)], outputs));
    offers.check(&[Arc::clone(&made)], "ok");
    let mut inputs: Vec<TxIn> = (0..6)
        .map(|vout| input(output_of(&made, vout), u32::MAX))
        .collect();
    for spender in &mut inputs[..4] {
        spender.script_sig = Script::new().push(&script);
    }
    inputs[4].witness = vec![script.to_vec()];
    inputs[5].witness = vec![script.to_vec()];
    inputs[5].script_sig = Script::new().push(&program);
    // Four times 190 multisigs behind hashes at full price, two times in witnesses at a quarter.
    let cost = 4 * 190 * 20 * 4 + 2 * 190 * 20;
    let left = (MAX_SIGOPS_COST - cost) / 4;
    let spending = |offers: &Offers, count: usize| {
        // Never run, and counted where it stands.
        let plain = Script::from(vec![OP_CHECKSIG; count]);
        let mut data = offers.tx(inputs.clone(), vec![(part, anyone()), (1, plain)]);
        data.inputs.sort_by_key(|input| input.prevout.vout);
        offers.finish(data)
    };
    let committed = |offers: &Offers, tx: Arc<Tx>, salt| {
        let block = mine(offers.params, offers.tip, &[tx], salt, REWARD);
        let mut block = Arc::unwrap_or_clone(block);
        consensus::block_check::add_witness_commitment(&mut block, true, offers.params.hashes);
        (block.header.merkle_root, _) = block_merkle_root(&block);
        solve(offers.params, block.header, &block.txs)
    };
    let block = committed(&offers, spending(&offers, left + 1), 1);
    offers.offer(block, "bad-blk-sigops");
    let block = committed(&offers, spending(&offers, left), 2);
    offers.offer(block, "ok");
}

/// Blocks from before BIP34, whose coinbases can have the same id.
#[test]
fn a_transaction_may_be_repeated_only_when_it_is_spent() {
    let mut params = Net::Regtest.params().clone();
    params.bip34_height = 10_000;
    let params: &'static ChainParams = Box::leak(Box::new(params));
    let mut offers = Offers::new(params, MATURITY);
    let first = Arc::clone(&offers.blocks[0]);
    let again = |offers: &Offers, txs: &[Arc<Tx>]| {
        let mut all = vec![Arc::clone(&first.txs[0])];
        all.extend(txs.iter().cloned());
        let mut header = Header {
            version: 4,
            prev: offers.tip.hash,
            merkle_root: Hash256::ZERO,
            time: offers.tip.time + 1,
            bits: CompactTarget(params.genesis.bits.0),
            nonce: 0,
        };
        let block = Block::new(header, all.clone(), params.hashes);
        (header.merkle_root, _) = block_merkle_root(&block);
        solve(params, header, &all)
    };
    let reason = "bad-txns-BIP30";
    let block = again(&offers, &[]);
    offers.offer(block, reason);
    // Spending it in the very block that repeats it comes too late.
    let spent = spend(params, &[offers.coin(1)], 1);
    let block = again(&offers, &[Arc::clone(&spent)]);
    offers.offer(block, reason);
    offers.check(&[spent], "ok");
    let block = again(&offers, &[]);
    offers.offer(block, "ok");
    // Now it is there anew, as old as this block.
    let early = spend(params, &[offers.coin(1)], 2);
    offers.check(&[early], "bad-txns-premature-spend-of-coinbase");
    // And it goes with its block.
    let hash = offers.blocks.pop().unwrap().hash;
    offers.chain.handle.invalidate_block(hash).wait().unwrap();
    offers.tip = Parent::from(&offers.chain.reader.tip_block().unwrap());
    let late = spend(params, &[coinbase_coin(&first)], 3);
    offers.check(&[late], "bad-txns-inputs-missingorspent");
}

/// What only policy asks for is allowed, what segwit brought is not.
#[test]
fn scripts_are_judged_by_the_rules_of_blocks() {
    let mut offers = Offers::new(Net::Regtest.params(), MATURITY + 5);
    let no_signature = Script::new().op(OP_0).op(OP_0).op(OP_CHECKMULTISIG);
    let scripts = [
        no_signature.clone(),
        no_signature,
        Script::new().op(OP_NOP10).op(OP_1),
    ];
    let coin = offers.coin(1);
    let part = coin.1 / 3;
    let outputs = scripts.into_iter().map(|script| (part, script)).collect();
    let made = offers.finish(offers.tx(vec![input(coin, u32::MAX)], outputs));
    offers.check(&[Arc::clone(&made)], "ok");
    let spending = |offers: &Offers, vout, script_sig| {
        let mut spender = input(output_of(&made, vout), u32::MAX);
        spender.script_sig = script_sig;
        let data = offers.tx(vec![spender], vec![(part, anyone())]);
        offers.finish(data)
    };
    let tx = spending(&offers, 0, Script::new().op(OP_1));
    offers.check(
        &[tx],
        "block-script-verify-flag-failed (Dummy CHECKMULTISIG argument must be zero)",
    );
    // A dummy that is pushed in a long way, an opcode for upgrades, and more on the stack than needed.
    let long = Script::from(vec![OP_PUSHDATA1, 0]);
    let txs = [
        spending(&offers, 0, long),
        spending(&offers, 1, Script::new().op(OP_1).op(OP_0)),
        spending(&offers, 2, Script::new().op(OP_NOP)),
    ];
    offers.check(&txs, "ok");
}

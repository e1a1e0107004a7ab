//! Whole chains, connected with a map of coins: every rule that the crate knows, on every block.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use consensus::block_check::{
    BlockChecks, check_block, contextual_check_block, contextual_check_header,
};
use consensus::deployments::script_flags;
use consensus::tx_verify::{SpentCoin, check_tx_inputs, sequence_locks, transaction_sigop_cost};
use consensus::{HeaderChain, HeaderInfo, PrecomputedTx, TxChecker, block_subsidy, verify_script};
use primitives::encode::Reader;
use primitives::params::{ChainParams, Coin, MAX_BLOCK_SIGOPS_COST, Network};
use primitives::script::opcodes::OP_0;
use primitives::transaction::{SEQUENCE_FINAL, TxData};
use primitives::{
    Amount, Block, BlockHash, CompactTarget, Hash256, Header, OutPoint, Script, Tx, TxIn, TxOut,
};
use testkit::{core_vectors, from_hex, vectors_dir};

struct StoredCoin {
    output: TxOut,
    height: u32,
    coinbase: bool,
}

struct Chain {
    params: &'static ChainParams,
    headers: Vec<(BlockHash, HeaderInfo)>,
    coins: HashMap<OutPoint, StoredCoin>,
    inputs: usize,
}

impl HeaderChain for Chain {
    fn height(&self) -> u32 {
        u32::try_from(self.headers.len()).unwrap() - 1
    }

    fn header(&self, height: u32) -> HeaderInfo {
        self.headers[height as usize].1
    }

    fn hash(&self, height: u32) -> BlockHash {
        self.headers[height as usize].0
    }
}

impl Chain {
    fn new(params: &'static ChainParams) -> Self {
        Self {
            params,
            headers: Vec::new(),
            coins: HashMap::new(),
            inputs: 0,
        }
    }

    fn push_header(&mut self, block: &Block) {
        let h = &block.header;
        let info = HeaderInfo {
            version: h.version,
            time: h.time,
            bits: h.bits,
        };
        self.headers.push((block.hash, info));
    }

    fn connect(&mut self, block: &Block) {
        let (params, height) = (self.params, self.height() + 1);
        assert_eq!(block.header.prev, self.hash(height - 1));
        let now = i64::from(block.header.time);
        contextual_check_header(&block.header, self, now, params).unwrap();
        check_block(block, params, BlockChecks::ALL).unwrap();
        let median_time = self.median_time_past(height - 1);
        contextual_check_block(block, height, median_time, params).unwrap();
        let (mut fees, mut sigops) = (Amount::ZERO, 0);
        for tx in &block.txs {
            let spent = self.take_inputs(tx);
            let outputs: Vec<&TxOut> = spent.iter().map(|coin| &coin.output).collect();
            let flags = script_flags(height, &block.hash, params);
            sigops += transaction_sigop_cost(tx, outputs.iter().copied(), flags);
            if !tx.is_coinbase() {
                let coins = spent.iter().map(|c| {
                    let StoredCoin {
                        output,
                        height,
                        coinbase,
                    } = c;
                    Some(SpentCoin {
                        output,
                        height: *height,
                        coinbase: *coinbase,
                    })
                });
                fees += check_tx_inputs(tx, coins, height, params).unwrap();
                let heights = spent.iter().map(|coin| coin.height);
                let locks = sequence_locks(tx, heights, |height| self.median_time_past(height));
                assert!(locks.allow(height, median_time));
                let precomputed = PrecomputedTx::new(tx, outputs, params.hashes);
                for (i, input) in tx.inputs.iter().enumerate() {
                    let (script, witness) = (&input.script_sig, &input.witness);
                    let pubkey = &spent[i].output.script_pubkey;
                    let mut checker = TxChecker::new(&precomputed, i);
                    let verdict = verify_script(script, pubkey, witness, flags, &mut checker);
                    assert_eq!(verdict, Ok(()), "{} input {i}", tx.txid());
                    self.inputs += 1;
                }
            }
            self.add_outputs(tx, height);
        }
        assert!(sigops <= u64::from(MAX_BLOCK_SIGOPS_COST));
        assert!(block.txs[0].value_out() <= fees + block_subsidy(height, params));
        self.push_header(block);
    }

    fn take_inputs(&mut self, tx: &Tx) -> Vec<StoredCoin> {
        if tx.is_coinbase() {
            return Vec::new();
        }
        tx.inputs
            .iter()
            .map(|input| self.coins.remove(&input.prevout).unwrap())
            .collect()
    }

    fn add_outputs(&mut self, tx: &Tx, height: u32) {
        let coinbase = tx.is_coinbase();
        for (vout, output) in (0..).zip(&tx.outputs) {
            if !output.script_pubkey.is_unspendable() {
                let coin = StoredCoin {
                    output: output.clone(),
                    height,
                    coinbase,
                };
                self.coins.insert(OutPoint::new(tx.txid(), vout), coin);
            }
        }
    }
}

/// Connects a file of blocks: magic, length, block.
#[expect(clippy::disallowed_methods, reason = "blocks stand in files")]
fn connect(file: &str, network: Network) -> Option<Chain> {
    let bytes = fs::read(vectors_dir()?.join(file)).unwrap();
    let mut chain = Chain::new(ChainParams::get(Coin::Bitcoin, network));
    let mut reader = Reader::new(&bytes);
    while let Ok(magic) = reader.array::<4>() {
        assert_eq!(magic, chain.params.magic);
        let length = reader.u32().unwrap() as usize;
        let block = reader.take(length).unwrap();
        let block = Block::from_bytes(block, chain.params.hashes).unwrap();
        if chain.headers.is_empty() {
            assert_eq!(block.hash, chain.params.genesis.hash);
            chain.push_header(&block);
        } else {
            chain.connect(&block);
        }
    }
    Some(chain)
}

fn check(chain: &Chain, tip: &str, height: u32, inputs: usize) {
    assert_eq!(chain.hash(chain.height()).to_string(), tip);
    assert_eq!(chain.height(), height);
    assert_eq!(chain.inputs, inputs);
}

#[test]
fn the_first_blocks_of_the_main_network() {
    let tip = "0000000025c6b644f8add734be7e666fa4afa43ca0204d623a0c0b1fd2104c7a";
    let Some(chain) = connect("blocks/mainnet-0-to-438.dat", Network::Main) else {
        return;
    };
    check(&chain, tip, 438, 7);
    // Nobody paid a fee or claimed too little, and genesis pays nothing.
    let total: Amount = chain.coins.values().map(|coin| coin.output.value).sum();
    assert_eq!(total, Amount::from_coins(438 * 50));
}

#[test]
fn the_regtest_chain_of_all_script_types() {
    let tip = "10baab34e3363769f6817cc096c3efd74abcacf104e12f44ad3542e32d3d540f";
    let Some(chain) = connect("regtest/chain.dat", Network::Regtest) else {
        return;
    };
    check(&chain, tip, 467, 47_954);
    assert_eq!(chain.coins.len(), 14_692);
}

/// Another start of the main network with real work, of which only times and nonces are stored: the
/// first change of difficulty, from 1 to the most that a period allows.
#[test]
fn the_alternate_start_of_the_main_network() {
    let Some(file) = core_vectors("mainnet_alt.json") else {
        return;
    };
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let mut chain = Chain::new(params);
    chain.push_header(&Block::from_bytes(params.genesis.block, params.hashes).unwrap());
    let number = |list: &str, height: u32| {
        let value = &file[list][height as usize - 1];
        u32::try_from(value.as_u64().unwrap()).unwrap()
    };
    for height in 1..=2016 {
        let coinbase = Tx::new(alternate_coinbase(height), params.hashes);
        let header = Header {
            version: 0x2000_0000,
            prev: chain.hash(height - 1),
            merkle_root: Hash256(coinbase.txid().0),
            time: number("timestamps", height),
            bits: CompactTarget(if height < 2016 {
                0x1d00_ffff
            } else {
                0x1c3f_ffc0
            }),
            nonce: number("nonces", height),
        };
        chain.connect(&Block::new(header, vec![Arc::new(coinbase)], params.hashes));
    }
    assert_eq!(chain.coins.len(), 2016);
}

fn alternate_coinbase(height: u32) -> TxData {
    let mut input = TxIn::unsigned(OutPoint::NULL, SEQUENCE_FINAL);
    input.script_sig = Script::new().push_int(i64::from(height));
    if height <= 16 {
        // A coinbase's script has two bytes at least.
        input.script_sig = input.script_sig.op(OP_0);
    }
    let key_hash = "76a914eadbac7f36c37e39361168b7aaee3cb24a25312d88ac";
    let output = TxOut {
        value: Amount::from_coins(50),
        script_pubkey: Script::from(from_hex(&key_hash.into())),
    };
    TxData {
        version: 2,
        inputs: vec![input],
        outputs: vec![output],
        lock_time: 0,
    }
}

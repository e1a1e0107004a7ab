//! Real chains: loaded from files, flushed, reopened, rebuilt.

mod common;

use chain::coinstats::CoinStatsHash;
use chain::{ChainConfig, Reindex};
use common::{Net, TestChain, vector};

#[test]
fn main_network_blocks_validate() {
    let Some(file) = vector("blocks/mainnet-0-to-438.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Main, dir.path(), |_| ());
    chain.load(&file);
    let tip = chain.reader.tip();
    assert_eq!(tip.height, 438);
    assert_eq!(
        tip.hash.to_string(),
        "0000000025c6b644f8add734be7e666fa4afa43ca0204d623a0c0b1fd2104c7a"
    );
    // Each block but the first has made one coin, and seven were spent for change.
    let stats = chain.stats(CoinStatsHash::None);
    assert_eq!(stats.total_amount.unwrap().sat(), 438 * 50 * 100_000_000);
}

#[test]
fn regtest_chain_has_the_coins_of_core() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    chain.load(&file);
    check_regtest(&chain);
    chain.stop();
    // The same after a restart, after building the coins anew, and after building all anew.
    for reindex in [Reindex::No, Reindex::Chainstate, Reindex::All, Reindex::No] {
        let chain = TestChain::open(Net::Regtest, dir.path(), |config| config.reindex = reindex);
        chain.import();
        check_regtest(&chain);
        assert!(chain.handle.verify_chain(4, 0).wait().unwrap());
        chain.stop();
    }
}

#[test]
fn a_tiny_cache_gives_the_same_coins() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let tiny = |config: &mut ChainConfig| {
        config.cache_bytes = 1 << 20;
        config.batch_bytes = 10_000;
        config.fast_prune = true;
        config.script_threads = 1;
    };
    let chain = TestChain::open(Net::Regtest, dir.path(), tiny);
    chain.load(&file);
    check_regtest(&chain);
    assert!(dir.path().join("blocks/blk00042.dat").exists());
    chain.stop();
    let chain = TestChain::open(Net::Regtest, dir.path(), tiny);
    check_regtest(&chain);
}

fn check_regtest(chain: &TestChain) {
    let tip = chain.reader.tip();
    assert_eq!(tip.height, 467);
    assert_eq!(
        tip.hash.to_string(),
        "10baab34e3363769f6817cc096c3efd74abcacf104e12f44ad3542e32d3d540f"
    );
    let stats = chain.stats(CoinStatsHash::MuHash);
    assert_eq!(
        stats.hash.unwrap().to_string(),
        "eaa2c75db89576fabdab4620e8ee2c85f5a37f991ac03042b473be364d2b6b89"
    );
    let stats = chain.stats(CoinStatsHash::Serialized);
    assert_eq!(
        stats.hash.unwrap().to_string(),
        "63e68dc04914d7c8825b021900cb38bf2833df92504b79b1135721b20ace1f32"
    );
    assert_eq!(stats.outputs, 14_692);
}

use super::*;
use crate::Block;

#[test]
fn every_genesis_block_is_what_its_table_says() {
    let mut count = 0;
    for params in ChainParams::all() {
        let id = format!("{} {}", params.coin, params.network);
        let genesis = &params.genesis;
        let block = Block::from_bytes(genesis.block, params.hashes).unwrap();
        assert_eq!(block.hash, genesis.hash, "{id}");
        assert_eq!(block.header.merkle_root, genesis.merkle_root, "{id}");
        assert_eq!(block.txs.len(), 1, "{id}");
        assert_eq!(block.txs[0].txid().0, genesis.merkle_root.0, "{id}");
        assert_eq!(
            (block.header.time, block.header.bits),
            (genesis.time, genesis.bits),
            "{id}"
        );
        let target = genesis.bits.target().unwrap();
        assert!(target <= params.pow_limit, "{id}");
        assert!(U256::from_le_bytes(block.hash.0) <= target, "{id}");
        count += 1;
    }
    assert_eq!(count, 20);
}

#[test]
fn every_table_stands_in_its_place() {
    for coin in Coin::ALL {
        assert_eq!(coin.to_string().parse(), Ok(coin));
        for network in Network::ALL {
            assert_eq!(network.to_string().parse(), Ok(network));
            let params = ChainParams::get(coin, network);
            assert_eq!((params.coin, params.network), (coin, network));
            assert_eq!(
                CompactTarget::from_target(params.pow_limit),
                params.pow_limit_bits
            );
        }
    }
    assert_eq!(
        "Bitcoin".parse::<Coin>(),
        Err(UnknownCoin("Bitcoin".to_owned()))
    );
    assert_eq!(
        "testnet3".parse::<Network>(),
        Err(UnknownNetwork("testnet3".to_owned()))
    );
}

#[test]
fn all_nodes_run_side_by_side_on_their_default_ports() {
    let mut taken = std::collections::HashMap::new();
    for params in ChainParams::all() {
        let id = format!("{} {}", params.coin, params.network);
        for (use_, port) in [
            ("P2P", params.p2p_port),
            ("RPC", params.rpc_port),
            ("onion", params.onion_port),
        ] {
            let other = taken.insert(port, format!("{id} {use_}"));
            assert_eq!(other, None, "{id} {use_} takes port {port}");
        }
    }
}

#[test]
fn known_values() {
    let params = ChainParams::get(Coin::default(), Network::default());
    assert_eq!(
        (params.ticker, params.p2p_port, params.rpc_port),
        ("BTQ", 51997, 51987)
    );
    assert_eq!(
        (params.coinbase_maturity, params.hashes),
        (10, HashScheme::RandomQ)
    );
    let groestl = ChainParams::get(Coin::Groestlcoin, Network::Main);
    assert_eq!(
        groestl.retarget,
        Retarget::DarkGravityWave {
            enforced_from: 100_000
        }
    );
    assert_eq!(groestl.max_money, Amount::from_coins(105_000_000));
    let smith = ChainParams::get(Coin::Smithcoin, Network::Test);
    assert_eq!(
        (smith.conf_file, smith.units[1].symbol),
        ("smithcoin.conf", "mSMC")
    );
    assert_eq!(smith.data_subdir, "testnet3");
}

//! The first blocks of the public signet.

use primitives::hash::from_hex;
use primitives::params::{ChainParams, Coin, Network};
use primitives::{Block, HashScheme};

use super::*;
use crate::block_check::{BlockChecks, BlockError, check_block};

const BLOCK_1: &str = concat!(
    "00000020f61eee3b63a380a477a063af32b2bbc97c9ff9f01f2c4225e973988108000000f575c832",
    "35984e7dc4afc1f30944c170462e84437ab6f2d52e16878a79e4678bd1914d5fae77031eccf40700",
    "01010000000001010000000000000000000000000000000000000000000000000000000000000000",
    "ffffffff025151feffffff0200f2052a010000001600149243f727dd5343293eb83174324019ec16",
    "c2630f0000000000000000776a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c6906897999",
    "62b48bebd836974e8cf94c4fecc7daa2490047304402205e423a8754336ca99dbe16509b877ef1bf",
    "98d008836c725005b3c787c41ebe46022047246e4467ad7cc7f1ad98662afcaf14c115e0095a227c",
    "7b05c5182591c23e7e01000120000000000000000000000000000000000000000000000000000000",
    "000000000000000000",
);
const BLOCK_2: &str = concat!(
    "00000020533b53ded9bff4adc94101d32400a144c54edc5ed492a3b26c63b2d686000000b38fef50",
    "592017cfafbcab88eb3d9cf50b2c801711cad8299495d26df5e54812e7914d5fae77031ecfdd0b00",
    "01010000000001010000000000000000000000000000000000000000000000000000000000000000",
    "ffffffff025251feffffff0200f2052a01000000160014fd09839740f0e0b4fc6d5e2527e4022aa9",
    "b89dfa0000000000000000776a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c6906897999",
    "62b48bebd836974e8cf94c4fecc7daa24900473044022031d64a1692cdad1fc0ced69838169fe19a",
    "e01be524d831b95fcf5ea4e6541c3c02204f9dea0801df8b4d0cd0857c62ab35c6c25cc47c930630",
    "dc7fe723531daa3e9b01000120000000000000000000000000000000000000000000000000000000",
    "000000000000000000",
);

fn check(hex: &str, challenge: Option<&'static [u8]>) -> Result<(), BlockError> {
    let block = Block::from_bytes(&from_hex(hex).unwrap(), HashScheme::Bitcoin).unwrap();
    let mut params = ChainParams::get(Coin::Bitcoin, Network::Signet).clone();
    params.signet_challenge = challenge;
    check_block(&block, &params, BlockChecks::ALL)
}

#[test]
fn real_blocks_are_signed() {
    let challenge = ChainParams::get(Coin::Bitcoin, Network::Signet).signet_challenge;
    assert!(challenge.is_some());
    for block in [BLOCK_1, BLOCK_2] {
        assert_eq!(check(block, challenge), Ok(()));
        // Two signatures are wanted where there is one, and none where one is superfluous.
        let mut both = challenge.unwrap().to_vec();
        both[0] += 1;
        assert_eq!(
            check(block, Some(both.leak())),
            Err(BlockError::BadSignetSignature)
        );
        assert_eq!(check(block, Some(&[0x51])), Ok(()));
        assert_eq!(
            check(block, Some(&[0x6a])),
            Err(BlockError::BadSignetSignature)
        );
        assert_eq!(check(block, None), Ok(()));
    }
}

#[test]
fn a_signature_covers_the_block() {
    let params = ChainParams::get(Coin::Bitcoin, Network::Signet);
    let mut block = Block::from_bytes(&from_hex(BLOCK_1).unwrap(), HashScheme::Bitcoin).unwrap();
    block.header.nonce += 1;
    assert!(
        check_signet_solution(&block, params),
        "the nonce is what miners may change"
    );
    block.header.time += 1;
    assert!(!check_signet_solution(&block, params), "the time is not");
}

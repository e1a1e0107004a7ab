//! Blocks, headers, filters and texts from strangers.

use consensus::block_check::{
    BlockChecks, check_block, check_header, contextual_check_block, contextual_check_header,
    is_block_mutated,
};
use consensus::deployments::{VersionBitsCache, enforces_bip30, script_flags};
use consensus::pow::{derive_target, next_work_required, permitted_difficulty_transition};
use consensus::{HeaderChain, HeaderInfo, block_subsidy};
use keys::bip32::{format_path, parse_path};
use keys::{Descriptor, PrivateKey, Xpriv, Xpub};
use libfuzzer_sys::Corpus;
use primitives::address::Destination;
use primitives::encode::{DecodeError, Reader};
use primitives::params::{ChainParams, Coin, Network, Retarget};
use primitives::{Block, BlockFilter, BlockHash, Header, base58};

/// The chain that a first byte stands for, and the bytes after it.
fn chain_of(data: &[u8]) -> Option<(&'static ChainParams, &[u8])> {
    let (first, rest) = data.split_first()?;
    let number = usize::from(*first);
    let (coin, network) = (Coin::ALL[number / 5 % 4], Network::ALL[number % 5]);
    Some((ChainParams::get(coin, network), rest))
}

/// A block: reading, writing, and every check that needs no coins.
pub(crate) fn block(data: &[u8]) -> Corpus {
    let Some((params, data)) = chain_of(data) else {
        return Corpus::Reject;
    };
    let Ok(block) = Block::from_bytes(data, params.hashes) else {
        return Corpus::Reject;
    };
    assert_eq!(block.to_bytes(), data, "what was read is written the same");
    assert_eq!(block.weight(), block.size(false) * 3 + data.len());
    let whole = check_block(&block, params, BlockChecks::ALL);
    let unworked = BlockChecks {
        proof_of_work: false,
        ..BlockChecks::ALL
    };
    let alone = check_block(&block, params, unworked);
    assert!(whole.is_err() || alone.is_ok(), "fewer checks refuse more");
    let mutated = is_block_mutated(&block, true);
    assert!(alone.is_err() || check_root(&block), "the root is checked");
    for height in [1, 500_000] {
        let contextual = contextual_check_block(&block, height, block.header.time, params);
        if alone.is_ok() && contextual.is_ok() && height > params.segwit_height {
            assert!(!mutated, "a block that passes all is not mutated");
        }
        let _flags = script_flags(height, &block.hash, params);
    }
    for error in [whole, alone].into_iter().filter_map(Result::err) {
        assert!(!error.reject_reason().is_empty());
        let _text = error.debug_message();
    }
    let scripts = block.txs.iter().flat_map(|tx| &tx.outputs);
    for output in scripts {
        let _kind = output.script_pubkey.kind();
        if let Some(destination) = Destination::from_script(&output.script_pubkey) {
            let address = destination.to_address(params);
            let back = Destination::from_address(&address, params).map(|d| d.to_script());
            assert_eq!(back.as_ref(), Ok(&output.script_pubkey), "{address}");
        }
    }
    let filter = BlockFilter::basic(&block, []);
    let read = BlockFilter::from_bytes(block.hash, filter.as_bytes().to_vec());
    assert_eq!(read.as_ref(), Ok(&filter));
    Corpus::Keep
}

fn check_root(block: &Block) -> bool {
    consensus::merkle::block_merkle_root(block) == (block.header.merkle_root, false)
}

/// A branch of headers, on top of genesis or of as many steady headers as `below` says.
struct Headers {
    params: &'static ChainParams,
    below: u32,
    headers: Vec<(BlockHash, Header)>,
    /// Whether all targets are within the limit.
    sound: bool,
}

impl Headers {
    /// One of the headers below: easy, and in time.
    fn steady(&self, height: u32) -> HeaderInfo {
        let spacing = self.params.target_spacing;
        let genesis = self.params.genesis.time;
        HeaderInfo {
            version: 4,
            time: genesis.wrapping_add(height.wrapping_mul(spacing)),
            bits: self.params.pow_limit_bits,
        }
    }
}

impl HeaderChain for Headers {
    fn height(&self) -> u32 {
        let own = u32::try_from(self.headers.len()).unwrap_or(u32::MAX);
        self.below + own - 1
    }

    fn header(&self, height: u32) -> HeaderInfo {
        let Some(place) = height.checked_sub(self.below) else {
            return self.steady(height);
        };
        let (_, header) = &self.headers[place as usize];
        HeaderInfo {
            version: header.version,
            time: header.time,
            bits: header.bits,
        }
    }

    fn hash(&self, height: u32) -> BlockHash {
        match height.checked_sub(self.below) {
            Some(place) => self.headers[place as usize].0,
            None => BlockHash(primitives::hash_scheme::sha256d(&height.to_le_bytes())),
        }
    }
}

/// How many headers lie below, so that rules which begin late are reached: retargets, and what
/// holds from some height on.
fn below(choice: u8, params: &ChainParams) -> u32 {
    let border = match choice % 6 {
        0 => 0,
        1 => params.difficulty_adjustment_interval,
        2 => params.difficulty_adjustment_interval.saturating_mul(3),
        3 => match params.retarget {
            Retarget::DarkGravityWave { enforced_from } => enforced_from,
            Retarget::Periodic => params.csv_height,
        },
        4 => params.bip65_height,
        _ => params.bip30_recheck_height,
    };
    border.saturating_sub(u32::from(choice) / 6)
}

/// Headers one after the other, as if their hashes were good enough: every rule about them.
pub(crate) fn header_chain(data: &[u8]) -> Corpus {
    let Some((params, [choice, data @ ..])) = chain_of(data) else {
        return Corpus::Reject;
    };
    let mut reader = Reader::new(params.genesis.block);
    let Ok(genesis) = Header::decode(&mut reader) else {
        return Corpus::Reject;
    };
    let mut chain = Headers {
        params,
        below: below(*choice, params),
        headers: vec![(params.genesis.hash, genesis)],
        sound: true,
    };
    let first = chain.steady(chain.below);
    if chain.below > 0 {
        (chain.headers[0].1.time, chain.headers[0].1.bits) = (first.time, first.bits);
    }
    let mut reader = Reader::new(data);
    // More would only be slower: some of the chains hash for long.
    while let Ok(header) = Header::decode(&mut reader)
        && chain.headers.len() < 300
    {
        let header = led(&chain, header);
        push(&mut chain, header);
    }
    if chain.headers.len() == 1 {
        return Corpus::Reject;
    }
    let _bip30 = enforces_bip30(&chain, &chain.hash(chain.height()), params);
    if chain.below == 0 {
        signals(&chain);
    }
    Corpus::Keep
}

/// What the blocks signal. Not for chains with many headers below: all of them would be counted.
fn signals(chain: &Headers) {
    let params = chain.params;
    let mut cache = VersionBitsCache::default();
    for deployment in params.deployments {
        let info = cache.info(deployment, chain);
        assert!(info.since <= chain.height() + 1);
    }
    let version = cache.compute_block_version(chain, params);
    assert!(version > 0, "{version}");
    let _unknown = cache.unknown_activations(chain, params);
}

/// The header as its nonce wants it: with the bits that the rules demand, or near its parent in time.
fn led(chain: &Headers, mut header: Header) -> Header {
    if header.nonce & 1 == 1 {
        let spread = chain.params.target_spacing.saturating_mul(8).max(1);
        let after = chain.last().time.saturating_add(header.time % spread);
        header.time = after.saturating_sub(chain.params.target_spacing);
    }
    if header.nonce & 2 == 2 {
        header.bits = next_work_required(chain, header.time, chain.params);
        // The rules take over what they find: only what began within the limit stays there. A target
        // may become zero, which no block can meet.
        let target = header.bits.target();
        assert!(
            !chain.sound || target.is_none_or(|target| target <= chain.params.pow_limit),
            "{} is above the limit",
            header.bits
        );
    }
    header
}

fn push(chain: &mut Headers, header: Header) {
    let params = chain.params;
    let height = chain.height() + 1;
    let parent = chain.last();
    let verdict = contextual_check_header(&header, chain, i64::from(header.time), params);
    if verdict.is_ok() {
        assert!(header.time > chain.median_time_past(height - 1));
        // Where difficulty wraps or may start over, the quick look says less.
        if params.network == Network::Main {
            let permitted =
                permitted_difficulty_transition(height, parent.bits, header.bits, params);
            assert!(
                permitted || params.bip94,
                "{} after {}",
                header.bits,
                parent.bits
            );
        }
    }
    assert!(block_subsidy(height, params) <= params.max_money);
    // A cheap stand-in: the real one takes milliseconds on some chains.
    let mut hash = BlockHash(primitives::hash_scheme::sha256d(&header.to_bytes()));
    hash.0[31] = 0;
    let _verdict = check_header(&hash, &header, params);
    chain.sound &= derive_target(header.bits, params).is_some();
    chain.headers.push((hash, header));
}

/// An encoded block filter.
pub(crate) fn block_filter(data: &[u8]) -> Corpus {
    let block = BlockHash([7; 32]);
    match BlockFilter::from_bytes(block, data.to_vec()) {
        Ok(filter) => {
            assert_eq!(filter.as_bytes(), data);
            let _matches = filter.matches_any([&data[..data.len() / 2], data, &[]]);
            Corpus::Keep
        }
        Err(DecodeError::EndOfData) => Corpus::Keep,
        Err(_) => Corpus::Reject,
    }
}

/// What people type and paste: addresses, keys, paths and descriptors.
pub(crate) fn text(data: &[u8]) -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    // White space around base58 is allowed.
    let bare = text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    if let Ok(bytes) = base58::decode(text, 200) {
        assert_eq!(base58::encode(&bytes), bare);
    }
    if let Ok(path) = parse_path(text) {
        let written = format!("m{}", format_path(&path, false));
        assert_eq!(parse_path(&written), Ok(path), "{written}");
    }
    for coin in Coin::ALL {
        let params = ChainParams::get(coin, Network::Main);
        if let Ok(destination) = Destination::from_address(text, params) {
            let address = destination.to_address(params);
            assert_eq!(Destination::from_address(&address, params), Ok(destination));
        }
        if let Some(key) = PrivateKey::from_wif(text, params) {
            assert_eq!(key.to_wif(params), bare);
        }
        if let Ok(key) = Xpub::from_text(text, params) {
            assert_eq!(key.to_text(params), bare);
        }
        if let Ok(key) = Xpriv::from_text(text, params) {
            assert_eq!(key.to_text(params), bare);
        }
        descriptor(text, params);
    }
    Corpus::Keep
}

fn descriptor(text: &str, params: &ChainParams) {
    let Ok(descriptor) = Descriptor::parse_one(text, params) else {
        return;
    };
    let written = descriptor.to_text(params);
    let again = Descriptor::parse_one(&written, params).map(|d| d.to_text(params));
    assert!(again.is_ok_and(|again| again == written), "{written}");
    if !descriptor.is_range() {
        let _scripts = descriptor.expand_alone(0);
    }
}

//! What options and clock say about the chain.

use std::sync::Arc;

use chain::{ChainConfig, Prune, Reindex};
use common::options::Config;
use ipc_schema::StartError;
use primitives::{BlockHash, U256};
use rpc::Table;

use crate::chain_tasks::ChainTasks;
use crate::context::Node;
use crate::indexes;
use crate::init::failed;

/// Reads what the chain is started with.
///
/// # Errors
/// The start-up error.
pub(crate) fn read(
    node: &Arc<Node>,
    table: &Arc<Table<Node>>,
    config: &Config,
) -> Result<ChainConfig, StartError> {
    let mut chain = ChainConfig::new(config.params(), config.network_dir());
    let mebibytes = |name: &str| usize::try_from(config.get_int(name)).unwrap_or(0) << 20;
    let bytes = |name: &str| usize::try_from(config.get_int(name)).unwrap_or(0);
    chain.blocks_dir = config.blocks_dir().map_err(failed)?;
    let cache = mebibytes("dbcache").max(chain::MIN_CACHE_BYTES);
    chain.cache_bytes = cache - indexes::cache_share(config, cache);
    if config.is_set("dbbatchsize") {
        chain.batch_bytes = bytes("dbbatchsize");
    }
    chain.crash_ratio = u32::try_from(config.get_int("dbcrashratio"))
        .ok()
        .filter(|n| *n > 0);
    chain.script_threads = script_threads(config.get_int("par"));
    if config.is_set("maxsigcachesize") {
        chain.signature_cache_bytes = mebibytes("maxsigcachesize");
    }
    chain.use_xor = config.opt_bool("blocksxor").unwrap_or(chain.use_xor);
    chain.fast_prune = config.get_bool("fastprune");
    chain.prune = match u64::try_from(config.get_int("prune")) {
        Ok(0) | Err(_) => Prune::Off,
        Ok(1) => Prune::Manual,
        Ok(mebibytes) => Prune::Automatic(mebibytes.saturating_mul(1 << 20)),
    };
    chain.reindex = match (
        config.get_bool("reindex"),
        config.get_bool("reindex-chainstate"),
    ) {
        (true, _) => Reindex::All,
        (false, true) => Reindex::Chainstate,
        (false, false) => Reindex::No,
    };
    chain.require_full_check = config.is_set("checkblocks") || config.is_set("checklevel");
    if let Some(blocks) = config.opt_int("checkblocks") {
        chain.check_blocks = u32::try_from(blocks).unwrap_or(0);
    }
    if let Some(level) = config.opt_int("checklevel") {
        chain.check_level = u8::try_from(level.clamp(0, 4)).unwrap_or(4);
    }
    if let Some(text) = config.opt_str("assumevalid") {
        let hash = common::options::user_hex(&text).and_then(|hex| hex.parse::<BlockHash>().ok());
        chain.assume_valid = hash.filter(|hash| !hash.is_zero());
    }
    if let Some(text) = config.opt_str("minimumchainwork") {
        let work = common::options::user_hex(&text).and_then(|hex| U256::from_hex(&hex));
        chain.min_chain_work = work.unwrap_or(chain.min_chain_work);
    }
    if let Some(seconds) = config.opt_int("maxtipage") {
        chain.max_tip_age = seconds;
    }
    chain.stop_at_height = u32::try_from(config.get_int("stopatheight"))
        .ok()
        .filter(|height| *height > 0);
    chain.clock = node.clock.clone();
    let stop = node.stop.clone();
    chain.stop = Arc::new(move || stop.is_stopping());
    let shown = ChainTasks::new(
        Arc::clone(node),
        Arc::clone(table),
        tokio::runtime::Handle::current(),
    );
    chain.cancel = Arc::clone(&node.cancel);
    chain.free_space = |path| common::datadir::free_space(path).ok();
    chain.progress = Arc::new(move |progress| shown.show(progress));
    if config.is_set("mocktime") {
        node.clock.set_mock(config.get_int("mocktime"));
    }
    crate::policy_options::apply(config, &mut chain);
    Ok(chain)
}

/// Threads that check scripts: 0 is one per core, negative numbers leave cores free.
fn script_threads(par: i64) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = match usize::try_from(par) {
        Ok(0) => cores,
        Ok(threads) => threads,
        Err(_) => {
            let free = usize::try_from(par.unsigned_abs()).unwrap_or(cores);
            cores.saturating_sub(free)
        }
    };
    wanted.clamp(1, chain::MAX_SCRIPT_THREADS)
}

//! Which changes of the rules are in force (Core's `getdeploymentinfo`).

use consensus::HeaderChain as _;
use consensus::deployments::{
    Bip9Info, BuriedDeployment, VersionBitsCache, deployment_name, script_flags,
};
use primitives::params::{Deployment, DeploymentStart};
use primitives::{BlockHash, ChainParams};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult};
use serde_json::{Map, Value, json};

use crate::context::Node;

/// Start of a deployment that needs no signals, as a number.
const ALWAYS: i64 = -1;
/// Height of a rule that never comes into force.
const NEVER: u32 = i32::MAX.unsigned_abs();

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![spec().run(deployment_info)]
}

fn deployment_fields() -> Vec<ResultDoc> {
    let statistics = vec![
        ResultDoc::num("period", "the length in blocks of the signalling period"),
        ResultDoc::num("threshold", "the number of blocks with the version bit set required to activate the feature (only for \"started\" status)").optional(),
        ResultDoc::num("elapsed", "the number of blocks elapsed since the beginning of the current period"),
        ResultDoc::num("count", "the number of blocks with the version bit set in the current period"),
        ResultDoc::bool("possible", "returns false if there are not enough blocks left in this period to pass activation threshold (only for \"started\" status)").optional(),
    ];
    let bip9 = vec![
        ResultDoc::num("bit", "the bit (0-28) in the block version field used to signal this softfork (only for \"started\" and \"locked_in\" status)").optional(),
        ResultDoc::time("start_time", "the minimum median time past of a block at which the bit gains its meaning"),
        ResultDoc::time("timeout", "the median time past of a block at which the deployment is considered failed if not yet locked in"),
        ResultDoc::num("min_activation_height", "minimum height of blocks for which the rules may be enforced"),
        ResultDoc::str("status", "status of deployment at specified block (one of \"defined\", \"started\", \"locked_in\", \"active\", \"failed\")"),
        ResultDoc::num("since", "height of the first block to which the status applies"),
        ResultDoc::str("status_next", "status of deployment at the next block"),
        ResultDoc::object("statistics", "numeric statistics about signalling for a softfork (only for \"started\" and \"locked_in\" status)", statistics).optional(),
        ResultDoc::str("signalling", "indicates blocks that signalled with a # and blocks that did not with a -").optional(),
    ];
    vec![
        ResultDoc::str("type", "one of \"buried\", \"bip9\""),
        ResultDoc::num("height", "height of the first block which the rules are or will be enforced (only for \"buried\" type, or \"bip9\" type with \"active\" status)").optional(),
        ResultDoc::bool("active", "true if the rules are enforced for the mempool and the next block"),
        ResultDoc::object("bip9", "status of bip9 softforks (only for \"bip9\" type)", bip9).optional(),
    ]
}

fn spec() -> CommandSpec {
    CommandSpec::new("blockchain", "getdeploymentinfo", "Returns an object containing various state info regarding deployments of consensus changes.\nConsensus changes for which the new rules are enforced from genesis are not listed in \"deployments\".")
        .arg(Arg::hex("blockhash", "The block hash at which to query deployment state").default("hash of current chain tip"))
        .result(ResultDoc::object("", "", vec![
            ResultDoc::str("hash", "requested block hash (or tip)"),
            ResultDoc::num("height", "requested block height (or tip)"),
            ResultDoc::array("script_flags", "script verify flags for the block", vec![ResultDoc::str("flag", "a script verify flag")]),
            ResultDoc::dyn_object("deployments", "", vec![ResultDoc::object("xxxx", "name of the deployment", deployment_fields())]),
        ]))
        .cli("")
        .rpc("")
}

fn deployment_info(node: &Node, args: &Args) -> RpcResult {
    let reader = node.reader()?;
    let hash = match args.is_given("blockhash") {
        true => BlockHash(args.hash("blockhash")?),
        false => reader.tip().hash,
    };
    let params = node.params;
    let found = reader.with_branch(&hash, |branch| {
        // One period after another: few headers are looked at, and the index is free again soon.
        let mut cache = VersionBitsCache::default();
        let infos = params
            .deployments
            .iter()
            .filter(|deployment| deployment.start != DeploymentStart::Never)
            .map(|deployment| (*deployment, cache.info(deployment, branch)));
        (branch.height(), infos.collect::<Vec<_>>())
    });
    let (height, infos) = found.ok_or_else(|| RpcError::not_found("Block not found"))?;
    let mut deployments = Map::new();
    for buried in BuriedDeployment::ALL {
        if buried.height(params) < NEVER {
            let name = buried.name().to_owned();
            deployments.insert(name, buried_json(buried, height, params));
        }
    }
    for (deployment, info) in infos {
        let name = deployment_name(deployment.id).to_owned();
        deployments.insert(name, bip9_json(&deployment, &info, height));
    }
    let flags: Vec<_> = script_flags(height, &hash, params).names().collect();
    Ok(json!({
        "hash": hash.to_string(),
        "height": height,
        "script_flags": flags,
        "deployments": deployments,
    }))
}

fn buried_json(buried: BuriedDeployment, height: u32, params: &ChainParams) -> Value {
    json!({
        "type": "buried",
        "active": buried.is_active(height + 1, params),
        "height": buried.height(params),
    })
}

fn bip9_json(deployment: &Deployment, info: &Bip9Info, height: u32) -> Value {
    let mut bip9 = Map::new();
    if info.stats.is_some() {
        bip9.insert("bit".into(), deployment.bit.into());
    }
    let start = match deployment.start {
        DeploymentStart::At(time) => time,
        DeploymentStart::Always | DeploymentStart::Never => ALWAYS,
    };
    bip9.insert("start_time".into(), start.into());
    let timeout = deployment.timeout.unwrap_or(i64::MAX);
    bip9.insert("timeout".into(), timeout.into());
    let least = deployment.min_activation_height;
    bip9.insert("min_activation_height".into(), least.into());
    bip9.insert("status".into(), info.state.name().into());
    bip9.insert("since".into(), info.since.into());
    bip9.insert("status_next".into(), info.next_state.name().into());
    if let Some(stats) = &info.stats {
        let mut map = Map::new();
        map.insert("period".into(), stats.period.into());
        map.insert("elapsed".into(), stats.elapsed.into());
        map.insert("count".into(), stats.count.into());
        if stats.threshold > 0 || stats.possible {
            map.insert("threshold".into(), stats.threshold.into());
            map.insert("possible".into(), stats.possible.into());
        }
        bip9.insert("statistics".into(), map.into());
        let mark = |signals: &bool| if *signals { '#' } else { '-' };
        let marks: String = info.signalling.iter().map(mark).collect();
        bip9.insert("signalling".into(), marks.into());
    }
    let mut map = Map::new();
    map.insert("type".into(), "bip9".into());
    if let Some(since) = info.active_since {
        map.insert("height".into(), since.into());
    }
    let active = info.active_since.is_some_and(|since| since <= height + 1);
    map.insert("active".into(), active.into());
    map.insert("bip9".into(), bip9.into());
    map.into()
}

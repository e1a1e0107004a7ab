//! What happened to descriptors in some blocks and in the mempool (Core's `getdescriptoractivity`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chain::{BlockInfo, ChainReader, ReadError};
use keys::univ::{amount_value, script_to_json};
use primitives::{BlockHash, OutPoint, Script, Tx, TxOut, Txid};
use rpc::value::hash_from;
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult};
use serde_json::{Map, Value, json};

use super::blockchain::read_error;
use super::chainstate::machine;
use super::doc;
use super::scan::{objects_arg, scripts_of};
use crate::context::Node;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![spec().run(descriptor_activity)]
}

fn spec() -> CommandSpec {
    let spend = vec![
        ResultDoc::str("type", "always 'spend'"),
        ResultDoc::amount("amount", "The total amount in coins of the spent output"),
        ResultDoc::hex(
            "blockhash",
            "The blockhash this spend appears in (omitted if unconfirmed)",
        )
        .optional(),
        ResultDoc::num("height", "Height of the spend (omitted if unconfirmed)").optional(),
        ResultDoc::hex("spend_txid", "The txid of the spending transaction"),
        ResultDoc::num("spend_vin", "The input index of the spend"),
        ResultDoc::hex("prevout_txid", "The txid of the prevout"),
        ResultDoc::num("prevout_vout", "The vout of the prevout"),
        ResultDoc::object("prevout_spk", "", doc::script_pub_key(true)),
    ];
    let receive = vec![
        ResultDoc::str("type", "always 'receive'"),
        ResultDoc::amount("amount", "The total amount in coins of the new output"),
        ResultDoc::hex(
            "blockhash",
            "The block that this receive is in (omitted if unconfirmed)",
        )
        .optional(),
        ResultDoc::num(
            "height",
            "The height of the receive (omitted if unconfirmed)",
        )
        .optional(),
        ResultDoc::hex("txid", "The txid of the receiving transaction"),
        ResultDoc::num("vout", "The vout of the receiving output"),
        ResultDoc::object("output_spk", "", doc::script_pub_key(true)),
    ];
    let events = vec![
        ResultDoc::object("", "", spend),
        ResultDoc::object("", "", receive),
    ];
    let objects = Arg::array(
        "scanobjects",
        "The list of descriptors (scan objects) to examine for activity. Every scan object is either a string descriptor or an object:",
        objects_arg().inner,
    )
    .oneline("[scanobjects,...]");
    CommandSpec::new(
        "blockchain",
        "getdescriptoractivity",
        "Get spend and receive activity associated with a set of descriptors for a set of blocks. This command pairs well with the `relevant_blocks` output of `scanblocks()`.\nThis call may take several minutes. If you encounter timeouts, try specifying no RPC timeout (bitq-cli -rpcclienttimeout=0)",
    )
    .arg(Arg::array(
        "blockhashes",
        "The list of blockhashes to examine for activity. Order doesn't matter. Must be along main chain or an error is thrown.\n",
        vec![Arg::hex("blockhash", "A valid blockhash").optional()],
    ))
    .arg(objects)
    .arg(Arg::bool("include_mempool", "Whether to include unconfirmed activity").default(true))
    .result(ResultDoc::object(
        "",
        "",
        vec![ResultDoc::array("activity", "events", events).any_type()],
    ))
    .cli("'[\"000000000000000000001347062c12fded7c528943c8ce133987e2e2f5a840ee\"]' '[\"addr(bc1qzl6nsgqzu89a66l50cvwapnkw5shh23zarqkw9)\"]'")
}

fn descriptor_activity(node: &Node, args: &Args) -> RpcResult {
    let reader = node.reader()?;
    let mut blocks: BTreeMap<u32, BlockInfo> = BTreeMap::new();
    for value in args.array("blockhashes")? {
        let hash = BlockHash(hash_from(value, "blockhash")?);
        let info = reader.block(&hash);
        let info = info.ok_or_else(|| RpcError::not_found("Block not found"))?;
        if !info.active {
            return Err(RpcError::invalid_parameter("Block is not in main chain"));
        }
        blocks.insert(info.height, info);
    }
    let mut watched = HashSet::new();
    for object in args.array("scanobjects")? {
        watched.extend(scripts_of(object, node.params)?.0);
    }
    let mut activity = Activity {
        node,
        watched,
        events: Vec::new(),
    };
    for block in blocks.values() {
        activity.look_at_block(reader, block)?;
    }
    if args.bool("include_mempool")? {
        activity.look_at_mempool(reader)?;
    }
    Ok(json!({"activity": activity.events}))
}

/// Events, as they are found.
struct Activity<'a> {
    node: &'a Node,
    watched: HashSet<Script>,
    events: Vec<Value>,
}

impl Activity<'_> {
    fn look_at_block(&mut self, reader: &ChainReader, info: &BlockInfo) -> Result<(), RpcError> {
        if self.node.stop.is_stopping() {
            return Err(RpcError::misc("Shutting down"));
        }
        let failed = |error: ReadError| read_error(&error);
        let block = reader.read_block(&info.hash).map_err(failed)?;
        let undo = reader.read_undo(&info.hash).map_err(failed)?;
        for (number, tx) in block.txs.iter().enumerate() {
            // The coinbase spends nothing.
            let undo = number.checked_sub(1).and_then(|n| undo.txs.get(n));
            for (index, coin) in undo.iter().flat_map(|undo| &undo.spent).enumerate() {
                self.spend(tx, index, &coin.output, Some(info));
            }
            self.receive_all(tx, Some(info));
        }
        Ok(())
    }

    fn look_at_mempool(&mut self, reader: &ChainReader) -> Result<(), RpcError> {
        let waiting: Vec<Arc<Tx>> = {
            let pool = reader.mempool();
            let entries = pool.in_order().into_iter();
            entries.map(|entry| Arc::clone(&entry.tx)).collect()
        };
        let by_id: HashMap<Txid, &Tx> = waiting.iter().map(|tx| (tx.txid(), &**tx)).collect();
        let inputs = waiting.iter().flat_map(|tx| &tx.inputs);
        let places: Vec<OutPoint> = inputs
            .map(|input| input.prevout)
            .filter(|place| !by_id.contains_key(&place.txid))
            .collect();
        let coins = self.node.handle()?.coins(places.clone());
        let coins = coins.wait().map_err(machine)?;
        let coins: HashMap<OutPoint, TxOut> = places
            .into_iter()
            .zip(coins)
            .filter_map(|(place, coin)| Some((place, coin?.output)))
            .collect();
        for tx in &waiting {
            for (index, input) in tx.inputs.iter().enumerate() {
                let place = input.prevout;
                let parent = by_id.get(&place.txid);
                let output = match parent {
                    Some(parent) => parent.outputs.get(place.vout as usize),
                    // One that is spent by a new block by now is looked for in vain.
                    None => coins.get(&place),
                };
                if let Some(output) = output {
                    self.spend(tx, index, output, None);
                }
            }
            self.receive_all(tx, None);
        }
        Ok(())
    }

    fn event(&self, kind: &str, output: &TxOut, block: Option<&BlockInfo>) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("type".into(), kind.into());
        map.insert("amount".into(), amount_value(output.value));
        if let Some(info) = block {
            map.insert("blockhash".into(), info.hash.to_string().into());
            map.insert("height".into(), info.height.into());
        }
        map
    }

    fn spend(&mut self, tx: &Tx, index: usize, output: &TxOut, block: Option<&BlockInfo>) {
        let place = tx.inputs.get(index).map(|input| input.prevout);
        let Some(place) = place.filter(|_| self.watched.contains(&output.script_pubkey)) else {
            return;
        };
        let mut map = self.event("spend", output, block);
        map.insert("spend_txid".into(), tx.txid().to_string().into());
        map.insert("spend_vin".into(), index.into());
        map.insert("prevout_txid".into(), place.txid.to_string().into());
        map.insert("prevout_vout".into(), place.vout.into());
        let script = script_to_json(&output.script_pubkey, true, true, self.node.params);
        map.insert("prevout_spk".into(), script.into());
        self.events.push(map.into());
    }

    fn receive_all(&mut self, tx: &Tx, block: Option<&BlockInfo>) {
        for (index, output) in tx.outputs.iter().enumerate() {
            if !self.watched.contains(&output.script_pubkey) {
                continue;
            }
            let mut map = self.event("receive", output, block);
            map.insert("txid".into(), tx.txid().to_string().into());
            map.insert("vout".into(), index.into());
            let script = script_to_json(&output.script_pubkey, true, true, self.node.params);
            map.insert("output_spk".into(), script.into());
            self.events.push(map.into());
        }
    }
}

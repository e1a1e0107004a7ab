//! Taking in a header alone (Core's `submitheader`).

use chain::SubmitError;
use primitives::Header;
use primitives::encode::Reader;
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::Value;

use super::chainstate::machine;
use crate::context::Node;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![spec().run(submit_header)]
}

fn spec() -> CommandSpec {
    CommandSpec::new("mining", "submitheader", "Decode the given hexdata as a header and submit it as a candidate chain tip if valid.\nThrows when the header is invalid.\n")
        .arg(Arg::hex("hexdata", "the hex-encoded block header data"))
        .result(ResultDoc::none())
        .cli("\"aabbcc\"")
        .rpc("\"aabbcc\"")
}

fn submit_header(node: &Node, args: &Args) -> RpcResult {
    let bytes = rpc::value::decode_hex(args.str("hexdata")?);
    let header = bytes.and_then(|bytes| Header::decode(&mut Reader::new(&bytes)).ok());
    let header = header.ok_or_else(|| RpcError::deserialization("Block header decode failed"))?;
    let verify = |text: String| RpcError::new(code::VERIFY, text);
    if node.reader()?.block(&header.prev).is_none() {
        return Err(verify(format!(
            "Must submit previous header ({}) first",
            header.prev
        )));
    }
    match node.handle()?.submit_headers(vec![header], true).wait() {
        Ok(_) => Ok(Value::Null),
        Err(SubmitError::Rejected(rejection)) => Err(verify(rejection.to_string())),
        Err(SubmitError::Chain(error)) => Err(machine(error)),
    }
}

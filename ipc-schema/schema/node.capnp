@0xeaaa4f6762c782ab;
# What a window reads from the node, and what it may change.

using Types = import "types.capnp";

enum Phase { starting @0; loading @1; running @2; stopping @3; failed @4; }
enum WalletLink { off @0; starting @1; running @2; down @3; }
enum LogLevel { trace @0; debug @1; info @2; warning @3; error @4; }
enum SettingKind { bool @0; integer @1; amount @2; text @3; path @4; list @5; }

struct MempoolStatus {
  count @0 :UInt64;
  vbytes @1 :UInt64;
  usage @2 :UInt64;
  maxUsage @3 :UInt64;
  fees @4 :Int64;
  minRate @5 :Int64;
}

struct Traffic {
  received @0 :UInt64;
  sent @1 :UInt64;
}

struct WalletProcessState {
  link @0 :WalletLink;
  message @1 :Text;
  pid @2 :UInt32;
  restarts @3 :UInt32;
}

struct NodeStatus {
  phase @0 :Phase;
  message @1 :Text;
  exitCode @2 :UInt8;
  tip @3 :Types.BlockTip;
  headersHeight @4 :UInt32;
  headersTime @5 :Int64;
  initialDownload @6 :Bool;
  progress @7 :Float64;
  mempool @8 :MempoolStatus;
  networkActive @9 :Bool;
  peersOut @10 :UInt32;
  peersIn @11 :UInt32;
  traffic @12 :Traffic;
  warnings @13 :List(Text);
  diskFree @14 :UInt64;
  hasDiskFree @15 :Bool;
  diskUsed @16 :UInt64;
  pruneHeight @17 :UInt32;
  hasPruneHeight @18 :Bool;
  wallet @19 :WalletProcessState;
  started @20 :Int64;
  datadir @21 :Text;
  version @22 :Text;
  coin @23 :Text;
  network @24 :Text;
  datadirSource @25 :Types.SettingSource;
  logFile @26 :Text;
  cacheUsed @27 :UInt64;
  cacheMax @28 :UInt64;
  blocksDir @29 :Text;
}

struct LogLine {
  sequence @0 :UInt64;
  level @1 :LogLevel;
  category @2 :Text;
  text @3 :Text;
}

struct RpcCommand {
  name @0 :Text;
  category @1 :Text;
  arguments @2 :List(Text);
  summary @3 :Text;
  wallet @4 :Bool;
}

struct SettingInfo {
  name @0 :Text;
  category @1 :Text;
  kind @2 :SettingKind;
  value @3 :Text;
  source @4 :Types.SettingSource;
  default @5 :Text;
  stored @6 :Text;
  help @7 :Text;
  needsRestart @8 :Bool;
  overridden @9 :Bool;
  readOnly @10 :Bool;
}

interface NodeSink {
  # Implemented by the window. The node sends the next event of a kind when this one is answered.
  status @0 (status :NodeStatus) -> ();
  log @1 (lines :List(LogLine), dropped :UInt64) -> ();
  tasks @2 (tasks :List(Types.Task)) -> ();
}

interface NodeView {
  subscribe @0 (status :Bool, log :Bool, tasks :Bool, sink :NodeSink)
      -> (fault :Types.Fault, subscription :Types.Subscription);
  rpcCommands @1 () -> (fault :Types.Fault, commands :List(RpcCommand));
  settings @2 () -> (fault :Types.Fault, settings :List(SettingInfo));
}

interface Node extends(NodeView) {
  executeRpc @0 (request :Text, uri :Text) -> (fault :Types.Fault, reply :Text);
  setSetting @1 (name :Text, value :Text, remove :Bool)
      -> (fault :Types.Fault, needsRestart :Bool);
  stop @2 () -> (fault :Types.Fault);
  detach @3 () -> (fault :Types.Fault, path :Text);
  setNetworkActive @4 (active :Bool) -> (fault :Types.Fault);
  cancelTask @5 (id :UInt64) -> (fault :Types.Fault);
  restartWallet @6 () -> (fault :Types.Fault);
  introduceWallet @7 () -> (fault :Types.Fault, path :Text, token :Data);
}

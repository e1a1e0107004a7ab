@0xec984ee825db4e25;
# What the node gives to the wallet process.

using Types = import "types.capnp";

enum RemovalReason { expiry @0; sizeLimit @1; reorg @2; block @3; conflict @4; replaced @5; }

struct BlockInfo {
  tip @0 :Types.BlockTip;
  data @1 :Data;
}

struct ChainStep {
  union {
    disconnect @0 :Types.BlockTip;
    connect @1 :BlockInfo;
  }
}

struct ChainState {
  tip @0 :Types.BlockTip;
  ready @1 :Bool;
  initialDownload @2 :Bool;
  mockTime @3 :Int64;
  shuttingDown @4 :Bool;
}

struct MempoolChange {
  sequence @0 :UInt64;
  union {
    added @1 :Data;
    removed @2 :Removed;
  }
}

struct Removed {
  txid @0 :Data;
  reason @1 :RemovalReason;
}

struct Coin {
  found @0 :Bool;
  script @1 :Data;
  amount @2 :Int64;
}

struct MinimumFees {
  mempool @0 :Int64;
  relay @1 :Int64;
  incremental @2 :Int64;
  dust @3 :Int64;
  maxFee @4 :Int64;
}

struct StoredBlocks {
  tip @0 :Types.BlockTip;
  first @1 :UInt32;
  belowSnapshot @2 :Bool;
}

struct Ancestry {
  ancestors @0 :UInt64;
  cluster @1 :UInt64;
  vsize @2 :UInt64;
  fees @3 :Int64;
}

interface StateSink {
  state @0 (state :ChainState) -> ();
}

interface MempoolSink {
  snapshot @0 (sequence :UInt64, transactions :List(Data), last :Bool) -> ();
  changes @1 (changes :List(MempoolChange)) -> ();
  resync @2 () -> ();
}

interface Chain {
  subscribe @0 (sink :StateSink) -> (fault :Types.Fault, subscription :Types.Subscription);
  pull @1 (locator :List(Data), maxBytes :UInt64)
      -> (fault :Types.Fault, steps :List(ChainStep), tip :Types.BlockTip, unknown :Bool);
  findFork @2 (locator :List(Data)) -> (fault :Types.Fault, block :Types.BlockTip);
  blockAt @3 (height :UInt32) -> (fault :Types.Fault, block :Types.BlockTip);
  findBlock @4 (hash :Data) -> (fault :Types.Fault, block :Types.BlockTip, active :Bool);
  block @5 (hash :Data) -> (fault :Types.Fault, block :BlockInfo);
  blocks @6 (from :UInt32, maxBytes :UInt64) -> (fault :Types.Fault, blocks :List(BlockInfo));
  firstBlockSince @7 (time :Int64) -> (fault :Types.Fault, block :Types.BlockTip);
  mempool @8 (sink :MempoolSink) -> (fault :Types.Fault, subscription :Types.Subscription);
  isInMempool @9 (txid :Data) -> (fault :Types.Fault, result :Bool);
  findCoins @10 (outpoints :List(Types.OutPoint)) -> (fault :Types.Fault, coins :List(Coin));
  broadcast @11 (transaction :Data, maxFee :Int64, hasMaxFee :Bool)
      -> (fault :Types.Fault, accepted :Bool, reason :Text);
  estimateFee @12 (blocks :UInt32, conservative :Bool)
      -> (fault :Types.Fault, rate :Int64, hasRate :Bool, blocks :UInt32);
  minimumFees @13 () -> (fault :Types.Fault, fees :MinimumFees);
  reportTask @14 (task :Types.Task) -> (fault :Types.Fault);
  loadOnStartup @15 (wallet :Text, load :Bool) -> (fault :Types.Fault);
  checkLimits @16 (transaction :Data, vsize :UInt64) -> (fault :Types.Fault, fits :Bool);
  ancestry @17 (txids :List(Data))
      -> (fault :Types.Fault, found :List(Ancestry), maxAncestors :UInt64, maxDescendants :UInt64);
  walletsOpen @18 (wallets :List(Text)) -> (fault :Types.Fault);
  storedBlocks @19 () -> (fault :Types.Fault, stored :StoredBlocks);
}

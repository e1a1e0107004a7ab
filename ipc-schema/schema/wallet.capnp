@0xc504eb2eb213c2a0;
# What the wallet process gives to the node (WalletProcess) and to the window (Wallets).

using Types = import "types.capnp";

enum AddressType { legacy @0; p2shSegwit @1; bech32 @2; bech32m @3; }
enum TxKind { received @0; sent @1; selfTransfer @2; mined @3; }

struct WalletListItem {
  name @0 :Text;
  path @1 :Text;
  loaded @2 :Bool;
  encrypted @3 :Bool;
  hasEncrypted @4 :Bool;
  modified @5 :Int64;
}

struct CreateWallet {
  name @0 :Text;
  passphrase @1 :Data;
  blank @2 :Bool;
  disablePrivateKeys @3 :Bool;
  avoidReuse @4 :Bool;
  loadOnStartup @5 :Bool;
}

struct LockState {
  union {
    unencrypted @0 :Void;
    locked @1 :Void;
    unlockedUntil @2 :Int64;
  }
}

struct WalletInfo {
  name @0 :Text;
  path @1 :Text;
  watchOnly @2 :Bool;
  canGetAddresses @3 :Bool;
  addressTypes @4 :List(AddressType);
  defaultAddressType @5 :AddressType;
  birthTime @6 :Int64;
}

struct Balances {
  trusted @0 :Int64;
  pending @1 :Int64;
  immature @2 :Int64;
  used @3 :Int64;
}

struct WalletState {
  info @0 :WalletInfo;
  balances @1 :Balances;
  block @2 :Types.BlockTip;
  atTip @3 :Bool;
  lock @4 :LockState;
  transactions @5 :UInt64;
  sequence @6 :UInt64;
  addressesRevision @7 :UInt64;
  coinsRevision @8 :UInt64;
  scanning @9 :Float64;
  hasScanning @10 :Bool;
  backupTime @11 :Int64;
  backupChecked @12 :Bool;
  hasBackup @13 :Bool;
  backupOutdated @14 :Bool;
}

struct TxState {
  union {
    confirmed @0 :Types.BlockTip;
    inMempool @1 :Void;
    inactive @2 :Void;
    abandoned @3 :Void;
    conflicted @4 :UInt32;
  }
}

struct TxOutputRow {
  vout @0 :UInt32;
  address @1 :Text;
  label @2 :Text;
  amount @3 :Int64;
  isMine @4 :Bool;
  isChange @5 :Bool;
}

struct TxRow {
  txid @0 :Data;
  time @1 :Int64;
  kind @2 :TxKind;
  state @3 :TxState;
  amount @4 :Int64;
  fee @5 :Int64;
  hasFee @6 :Bool;
  label @7 :Text;
  comment @8 :Text;
  outputs @9 :List(TxOutputRow);
  matureHeight @10 :UInt32;
  hasMatureHeight @11 :Bool;
  canAbandon @12 :Bool;
  canBump @13 :Bool;
}

struct TxCursor {
  time @0 :Int64;
  txid @1 :Data;
}

struct TxQuery {
  before @0 :TxCursor;
  limit @1 :UInt32;
  filter @2 :Text;
}

struct TxPage {
  rows @0 :List(TxRow);
  next @1 :TxCursor;
  total @2 :UInt64;
  sequence @3 :UInt64;
}

struct TxDetails {
  row @0 :TxRow;
  raw @1 :Data;
  inputs @2 :List(TxOutputRow);
  outputs @3 :List(TxOutputRow);
  vsize @4 :UInt64;
  feeRate @5 :Int64;
  hasFeeRate @6 :Bool;
}

struct WalletDelta {
  sequence @0 :UInt64;
  rows @1 :List(TxRow);
  removed @2 :List(Data);
}

struct AddressRequest {
  addressType @0 :AddressType;
  hasAddressType @1 :Bool;
  label @2 :Text;
  amount @3 :Int64;
  hasAmount @4 :Bool;
  message @5 :Text;
}

struct AddressRow {
  address @0 :Text;
  addressType @1 :AddressType;
  label @2 :Text;
  amount @3 :Int64;
  hasAmount @4 :Bool;
  message @5 :Text;
  created @6 :Int64;
  received @7 :Int64;
  payments @8 :UInt32;
  isMine @9 :Bool;
}

struct CoinRow {
  outpoint @0 :Types.OutPoint;
  address @1 :Text;
  label @2 :Text;
  amount @3 :Int64;
  height @4 :UInt32;
  hasHeight @5 :Bool;
  isChange @6 :Bool;
  frozen @7 :Bool;
  spendable @8 :Bool;
  safe @9 :Bool;
}

struct RescanStart {
  union {
    genesis @0 :Void;
    height @1 :UInt32;
    time @2 :Int64;
  }
}

struct BackupReport {
  path @0 :Text;
  size @1 :UInt64;
  descriptors @2 :UInt32;
  encrypted @3 :Bool;
  firstAddress @4 :Text;
  identical @5 :Bool;
}

struct Recipient {
  address @0 :Text;
  amount @1 :Int64;
  hasAmount @2 :Bool;
  label @3 :Text;
  subtractFee @4 :Bool;
}

struct SendRequest {
  recipients @0 :List(Recipient);
  feeRate @1 :Int64;
  hasFeeRate @2 :Bool;
  confTarget @3 :UInt32;
  hasConfTarget @4 :Bool;
  coins @5 :List(Types.OutPoint);
  allowOtherCoins @6 :Bool;
  changeAddress @7 :Text;
  replaceable @8 :Bool;
  hasReplaceable @9 :Bool;
  comment @10 :Text;
}

struct PreparedInput {
  outpoint @0 :Types.OutPoint;
  address @1 :Text;
  label @2 :Text;
  amount @3 :Int64;
}

struct PreparedOutput {
  address @0 :Text;
  label @1 :Text;
  amount @2 :Int64;
  isChange @3 :Bool;
}

struct PreparedSend {
  id @0 :UInt64;
  fee @1 :Int64;
  feeRate @2 :Int64;
  vsize @3 :UInt64;
  total @4 :Int64;
  inputs @5 :List(PreparedInput);
  outputs @6 :List(PreparedOutput);
  warnings @7 :List(Text);
  needsUnlock @8 :Bool;
  expires @9 :Int64;
}

struct SendReply {
  txid @0 :Data;
  broadcast :union {
    accepted @1 :Void;
    waiting @2 :Void;
    rejected @3 :Text;
  }
}

struct FeeTarget {
  blocks @0 :UInt32;
  rate @1 :Int64;
}

struct WalletFees {
  minimum @0 :Int64;
  default @1 :Int64;
  estimates @2 :List(FeeTarget);
  maxFee @3 :Int64;
}

interface WalletProcess {
  commands @0 () -> (fault :Types.Fault, table :Text);
  executeRpc @1 (request :Text, uri :Text, user :Text, hasUser :Bool)
      -> (fault :Types.Fault, reply :Text);
  wallets @2 () -> (fault :Types.Fault, wallets :List(WalletListItem));
  introduce @3 () -> (fault :Types.Fault, path :Text, token :Data);
  stop @4 () -> (fault :Types.Fault);
}

interface WalletSink {
  # Implemented by the window. The wallet sends the next event of a kind when this one is answered.
  state @0 (state :WalletState) -> ();
  delta @1 (delta :WalletDelta) -> ();
  resync @2 () -> ();
  closed @3 () -> ();
}

interface Wallets {
  wallets @0 () -> (fault :Types.Fault, wallets :List(WalletListItem));
  subscribeTasks @1 (sink :Types.TaskSink)
      -> (fault :Types.Fault, subscription :Types.Subscription);
  cancelTask @2 (id :UInt64) -> (fault :Types.Fault);
  create @3 (options :CreateWallet) -> (fault :Types.Fault, warnings :List(Text));
  open @4 (wallet :Text) -> (fault :Types.Fault, warnings :List(Text));
  close @5 (wallet :Text) -> (fault :Types.Fault);
  backup @6 (wallet :Text, path :Text) -> (fault :Types.Fault, report :BackupReport);
  verifyBackup @7 (wallet :Text, path :Text, passphrase :Data)
      -> (fault :Types.Fault, report :BackupReport);
  restore @8 (wallet :Text, path :Text) -> (fault :Types.Fault, warnings :List(Text));
  subscribe @9 (wallet :Text, sink :WalletSink)
      -> (fault :Types.Fault, subscription :Types.Subscription);
  transactions @10 (wallet :Text, query :TxQuery) -> (fault :Types.Fault, page :TxPage);
  transaction @11 (wallet :Text, txid :Data) -> (fault :Types.Fault, details :TxDetails);
  abandon @12 (wallet :Text, txid :Data) -> (fault :Types.Fault);
  resend @13 (wallet :Text, txid :Data) -> (fault :Types.Fault, reply :SendReply);
  addresses @14 (wallet :Text, skip :UInt32) -> (fault :Types.Fault, rows :List(AddressRow));
  newAddress @15 (wallet :Text, request :AddressRequest)
      -> (fault :Types.Fault, row :AddressRow);
  setLabel @16 (wallet :Text, address :Text, label :Text) -> (fault :Types.Fault);
  coins @17 (wallet :Text, skip :UInt32) -> (fault :Types.Fault, rows :List(CoinRow));
  setFrozen @18 (wallet :Text, outpoint :Types.OutPoint, frozen :Bool) -> (fault :Types.Fault);
  fees @19 (wallet :Text) -> (fault :Types.Fault, fees :WalletFees);
  prepare @20 (wallet :Text, request :SendRequest)
      -> (fault :Types.Fault, prepared :PreparedSend);
  discard @21 (wallet :Text, prepared :UInt64) -> (fault :Types.Fault);
  send @22 (wallet :Text, prepared :UInt64) -> (fault :Types.Fault, reply :SendReply);
  unlock @23 (wallet :Text, passphrase :Data, seconds :UInt32) -> (fault :Types.Fault);
  lock @24 (wallet :Text) -> (fault :Types.Fault);
  encrypt @25 (wallet :Text, passphrase :Data) -> (fault :Types.Fault);
  changePassphrase @26 (wallet :Text, old :Data, new :Data) -> (fault :Types.Fault);
  rescan @27 (wallet :Text, start :RescanStart) -> (fault :Types.Fault, task :UInt64);
  executeRpc @28 (request :Text, uri :Text) -> (fault :Types.Fault, reply :Text);
  removeRequest @29 (wallet :Text, address :Text) -> (fault :Types.Fault);
}

@0x85e5908f1f9022cb;
# Values that several of bitq's own interfaces share. Numbers are never used twice; a field that is
# absent means what it meant before the field existed. Times are seconds since 1970.

struct Fault {
  # A refusal. Every method of bitq's own interfaces that can refuse has one as its first result;
  # a null pointer means that there was none.
  code @0 :UInt16;
  message @1 :Text;
}

struct Identity {
  protocolMajor @0 :UInt16;
  protocolMinor @1 :UInt16;
  program @2 :Text;
  build @3 :Text;
  coin @4 :Text;
  network @5 :Text;
  genesis @6 :Data;
  features @7 :UInt64;
  pid @8 :UInt32;
  started @9 :Int64;
}

struct Role {
  union {
    full @0 :Void;
    mining @1 :Void;
    read @2 :Void;
    rpc @3 :Text;
  }
}

struct Limits {
  calls @0 :UInt32;
  unreadBytes @1 :UInt64;
  messageBytes @2 :UInt64;
  workers @3 :UInt32;
  stallSeconds @4 :UInt32;
}

enum SettingSource {
  forced @0;
  commandLine @1;
  settingsFile @2;
  configFile @3;
  default @4;
}

struct OptionValues {
  name @0 :Text;
  values @1 :List(Text);
}

struct OptionLayer {
  source @0 :SettingSource;
  section @1 :Text;
  options @2 :List(OptionValues);
}

struct StartOptions {
  layers @0 :List(OptionLayer);
  configPath @1 :Text;
}

struct StartError {
  text @0 :Text;
  exitCode @1 :UInt8;
}

struct BlockTip {
  hash @0 :Data;
  height @1 :UInt32;
  time @2 :Int64;
  medianTime @3 :Int64;
}

struct OutPoint {
  txid @0 :Data;
  vout @1 :UInt32;
}

struct Task {
  id @0 :UInt64;
  kind @1 :Text;
  wallet @2 :Text;
  title @3 :Text;
  detail @4 :Text;
  progress @5 :Float64;
  hasProgress @6 :Bool;
  state @7 :TaskState;
  cancellable @8 :Bool;
  cancelNote @9 :Text;
  started @10 :Int64;
  finished @11 :Int64;
  hasFinished @12 :Bool;
}

struct TaskState {
  union {
    running @0 :Void;
    waiting @1 :Void;
    done @2 :Void;
    failed @3 :Text;
    cancelled @4 :Void;
  }
}

interface TaskSink {
  tasks @0 (tasks :List(Task)) -> ();
}

interface Subscription {
  # Ends when it is dropped.
}

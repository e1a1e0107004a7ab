@0xcc316e3f71a040fb;
# Threads of the other side. Ids, ordinals and defaults are Core's; annotations have no effect on
# the wire and are left out.

struct Context {
  thread @0 :Thread;
  callbackThread @1 :Thread;
}

interface ThreadMap {
  makeThread @0 (name :Text) -> (result :Thread);
  makePool @1 (count :UInt32) -> ();
}

interface Thread {
  getName @0 () -> (result :Text);
}

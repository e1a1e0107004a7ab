@0xcd2c6232cb484a28;
# Values that several of Core's interfaces share.

struct BlockRef {
  hash @0 :Data;
  height @1 :Int32;
}

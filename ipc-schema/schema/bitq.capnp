@0xfbbb04163719d0a3;
# The interface of bitq's own programs. The bootstrap object of every socket implements it and, by
# extension, Core's Init: requests carry the id of the interface they mean.

using Chain = import "chain.capnp";
using Init = import "init.capnp";
using Node = import "node.capnp";
using Types = import "types.capnp";
using Wallet = import "wallet.capnp";

interface Bitq extends(Init.Init) {
  hello @0 (identity :Types.Identity, role :Types.Role)
      -> (fault :Types.Fault, identity :Types.Identity, role :Types.Role, session :Text,
          limits :Types.Limits);
  # Must be answered before the other methods are.

  startNode @1 (options :Types.StartOptions) -> (error :Types.StartError);
  startWallet @2 (options :Types.StartOptions, chain :Chain.Chain)
      -> (error :Types.StartError, wallet :Wallet.WalletProcess);
  # Configure a spawned child, which reads nothing from disk before. Only a parent may call them.

  node @3 () -> (fault :Types.Fault, node :Node.NodeView);
  # With a full role the object also implements Node.

  chain @4 () -> (fault :Types.Fault, chain :Chain.Chain);
  attachWallet @5 (wallet :Wallet.WalletProcess) -> (fault :Types.Fault, chain :Chain.Chain);
  # For a wallet process that connects by itself.

  wallets @6 (token :Data) -> (fault :Types.Fault, wallets :Wallet.Wallets);
  # The one-time token was given to the node for the window.
}

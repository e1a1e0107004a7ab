//! Overwrites passphrases and tokens in messages that were sent, and buffers that may hold them.

use capnp::message::{Builder, HeapAllocator};
use capnp::traits::HasTypeId;
use capnp_rpc::rpc_capnp;
use zeroize::Zeroize;

use crate::generated::bitq_capnp::bitq;
use crate::generated::wallet_capnp::wallets;

/// Overwrites a buffer. Whole words at a time, other than `Zeroize` does it: this is done to every
/// byte that comes and goes.
pub(super) fn wipe_bytes(bytes: &mut [u8]) {
    bytes.fill(0);
    zeroize::optimization_barrier(bytes);
}

/// Overwrites the secrets in a sent call, as far as the message holds any.
pub(super) fn secrets(mut message: Builder<HeapAllocator>) {
    // A message that does not read as expected holds none of our secrets.
    let _ = wipe(&mut message);
}

fn wipe(message: &mut Builder<HeapAllocator>) -> capnp::Result<()> {
    let root = message.get_root::<rpc_capnp::message::Builder<'_>>()?;
    let rpc_capnp::message::Call(call) = root.which()? else {
        return Ok(());
    };
    let mut call = call?;
    let interface = call.reborrow().get_interface_id();
    let method = call.reborrow().get_method_id();
    let content = call.get_params()?.get_content();
    if interface == wallets::Client::TYPE_ID {
        match method {
            3 => {
                let params = content.get_as::<wallets::create_params::Builder<'_>>()?;
                params.get_options()?.get_passphrase()?.zeroize();
            }
            7 => {
                let params = content.get_as::<wallets::verify_backup_params::Builder<'_>>()?;
                params.get_passphrase()?.zeroize();
            }
            23 => {
                let params = content.get_as::<wallets::unlock_params::Builder<'_>>()?;
                params.get_passphrase()?.zeroize();
            }
            25 => {
                let params = content.get_as::<wallets::encrypt_params::Builder<'_>>()?;
                params.get_passphrase()?.zeroize();
            }
            26 => {
                let mut params =
                    content.get_as::<wallets::change_passphrase_params::Builder<'_>>()?;
                params.reborrow().get_old()?.zeroize();
                params.get_new()?.zeroize();
            }
            28 => {
                let params = content.get_as::<wallets::execute_rpc_params::Builder<'_>>()?;
                params.get_request()?.as_bytes_mut().zeroize();
            }
            _ => {}
        }
    } else if interface == bitq::Client::TYPE_ID && method == 6 {
        let params = content.get_as::<bitq::wallets_params::Builder<'_>>()?;
        params.get_token()?.zeroize();
    }
    Ok(())
}

//! Sending.

use primitives::FeeRate;

use super::{Wire, wire_struct};
use crate::generated::wallet_capnp as w;
use crate::types::{
    Broadcast, PreparedInput, PreparedOutput, PreparedSend, Recipient, SendReply, SendRequest,
    WalletFees,
};

wire_struct!(Recipient, w::recipient, {
    address: text get_address set_address,
    amount: opt_money get_amount set_amount get_has_amount set_has_amount,
    label: text get_label set_label,
    subtract_fee: val get_subtract_fee set_subtract_fee,
});

wire_struct!(SendRequest, w::send_request, {
    recipients: list get_recipients init_recipients,
    fee_rate: opt_rate get_fee_rate set_fee_rate get_has_fee_rate set_has_fee_rate,
    conf_target: opt_val get_conf_target set_conf_target get_has_conf_target set_has_conf_target,
    coins: list get_coins init_coins,
    allow_other_coins: val get_allow_other_coins set_allow_other_coins,
    change_address: text get_change_address set_change_address,
    replaceable: opt_val get_replaceable set_replaceable get_has_replaceable set_has_replaceable,
    comment: text get_comment set_comment,
});

wire_struct!(PreparedInput, w::prepared_input, {
    outpoint: node get_outpoint init_outpoint,
    address: text get_address set_address,
    label: text get_label set_label,
    amount: money get_amount set_amount,
});

wire_struct!(PreparedOutput, w::prepared_output, {
    address: text get_address set_address,
    label: text get_label set_label,
    amount: money get_amount set_amount,
    is_change: val get_is_change set_is_change,
});

wire_struct!(PreparedSend, w::prepared_send, {
    id: val get_id set_id,
    fee: money get_fee set_fee,
    fee_rate: rate get_fee_rate set_fee_rate,
    vsize: val get_vsize set_vsize,
    total: money get_total set_total,
    inputs: list get_inputs init_inputs,
    outputs: list get_outputs init_outputs,
    warnings: texts get_warnings init_warnings,
    needs_unlock: val get_needs_unlock set_needs_unlock,
    expires: val get_expires set_expires,
});

wire_struct!(WalletFees, w::wallet_fees, {
    minimum: rate get_minimum set_minimum,
    default: rate get_default set_default,
    estimates: list get_estimates init_estimates,
    max_fee: money get_max_fee set_max_fee,
});

impl Wire for (u32, FeeRate) {
    type Owned = w::fee_target::Owned;

    fn put(&self, mut b: w::fee_target::Builder<'_>) {
        b.set_blocks(self.0);
        b.set_rate(self.1.sat_per_kvb());
    }

    fn take(r: w::fee_target::Reader<'_>) -> capnp::Result<Self> {
        Ok((r.get_blocks(), FeeRate::from_sat_per_kvb(r.get_rate())))
    }
}

impl Wire for SendReply {
    type Owned = w::send_reply::Owned;

    fn put(&self, mut b: w::send_reply::Builder<'_>) {
        b.set_txid(self.txid.as_bytes());
        let mut broadcast = b.init_broadcast();
        match &self.broadcast {
            Broadcast::Accepted => broadcast.set_accepted(()),
            Broadcast::Waiting => broadcast.set_waiting(()),
            Broadcast::Rejected(reason) => broadcast.set_rejected(reason.as_str()),
        }
    }

    fn take(r: w::send_reply::Reader<'_>) -> capnp::Result<Self> {
        let broadcast = match r.get_broadcast().which()? {
            w::send_reply::broadcast::Accepted(()) => Broadcast::Accepted,
            w::send_reply::broadcast::Waiting(()) => Broadcast::Waiting,
            w::send_reply::broadcast::Rejected(reason) => Broadcast::Rejected(reason?.to_string()?),
        };
        Ok(Self {
            txid: super::hash(r.get_txid()?)?,
            broadcast,
        })
    }
}

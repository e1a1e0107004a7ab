//! What all interfaces share.

use primitives::OutPoint;

use super::{Wire, wire_enum, wire_struct};
use crate::generated::types_capnp as t;
use crate::types::{
    BlockTip, Fault, FaultCode, Identity, Limits, OptionLayer, OptionValues, ProtocolVersion, Role,
    SettingSource, StartError, StartOptions, Task, TaskState,
};

wire_enum!(
    SettingSource,
    t::SettingSource,
    [Forced, CommandLine, SettingsFile, ConfigFile, Default]
);

wire_struct!(OptionValues, t::option_values, {
    name: text get_name set_name,
    values: texts get_values init_values,
});

wire_struct!(OptionLayer, t::option_layer, {
    source: choice get_source set_source,
    section: text get_section set_section,
    options: list get_options init_options,
});

wire_struct!(StartOptions, t::start_options, {
    layers: list get_layers init_layers,
    config_path: text get_config_path set_config_path,
});

wire_struct!(StartError, t::start_error, {
    text: text get_text set_text,
    exit_code: val get_exit_code set_exit_code,
});

wire_struct!(BlockTip, t::block_tip, {
    hash: hash get_hash set_hash,
    height: val get_height set_height,
    time: val get_time set_time,
    median_time: val get_median_time set_median_time,
});

wire_struct!(OutPoint, t::out_point, {
    txid: hash get_txid set_txid,
    vout: val get_vout set_vout,
});

wire_struct!(Limits, t::limits, {
    calls: val get_calls set_calls,
    unread_bytes: val get_unread_bytes set_unread_bytes,
    message_bytes: val get_message_bytes set_message_bytes,
    workers: val get_workers set_workers,
    stall_seconds: val get_stall_seconds set_stall_seconds,
});

wire_struct!(Task, t::task, {
    id: val get_id set_id,
    kind: text get_kind set_kind,
    wallet: text get_wallet set_wallet,
    title: text get_title set_title,
    detail: text get_detail set_detail,
    progress: opt_val get_progress set_progress get_has_progress set_has_progress,
    state: node get_state init_state,
    cancellable: val get_cancellable set_cancellable,
    cancel_note: text get_cancel_note set_cancel_note,
    started: val get_started set_started,
    finished: opt_val get_finished set_finished get_has_finished set_has_finished,
});

impl Wire for Fault {
    type Owned = t::fault::Owned;

    fn put(&self, mut b: t::fault::Builder<'_>) {
        b.set_code(self.code.number());
        b.set_message(self.message.as_str());
    }

    fn take(r: t::fault::Reader<'_>) -> capnp::Result<Self> {
        Ok(Self::new(
            FaultCode::from_number(r.get_code()),
            r.get_message()?.to_string()?,
        ))
    }
}

impl Wire for Identity {
    type Owned = t::identity::Owned;

    fn put(&self, mut b: t::identity::Builder<'_>) {
        b.set_protocol_major(self.protocol.major);
        b.set_protocol_minor(self.protocol.minor);
        b.set_program(self.program.as_str());
        b.set_build(self.build.as_str());
        b.set_coin(self.coin.as_str());
        b.set_network(self.network.as_str());
        b.set_genesis(self.genesis.as_bytes());
        b.set_features(self.features);
        b.set_pid(self.pid);
        b.set_started(self.started);
    }

    fn take(r: t::identity::Reader<'_>) -> capnp::Result<Self> {
        Ok(Self {
            protocol: ProtocolVersion {
                major: r.get_protocol_major(),
                minor: r.get_protocol_minor(),
            },
            program: r.get_program()?.to_string()?,
            build: r.get_build()?.to_string()?,
            coin: r.get_coin()?.to_string()?,
            network: r.get_network()?.to_string()?,
            genesis: super::hash(r.get_genesis()?)?,
            features: r.get_features(),
            pid: r.get_pid(),
            started: r.get_started(),
        })
    }
}

impl Wire for Role {
    type Owned = t::role::Owned;

    fn put(&self, mut b: t::role::Builder<'_>) {
        match self {
            Self::Full => b.set_full(()),
            Self::Mining => b.set_mining(()),
            Self::Read => b.set_read(()),
            Self::Rpc(user) => b.set_rpc(user.as_str()),
        }
    }

    fn take(r: t::role::Reader<'_>) -> capnp::Result<Self> {
        // A role that only newer programs know can do nothing here: it reads as the weakest.
        Ok(match r.which().unwrap_or(t::role::Read(())) {
            t::role::Full(()) => Self::Full,
            t::role::Mining(()) => Self::Mining,
            t::role::Read(()) => Self::Read,
            t::role::Rpc(user) => Self::Rpc(user?.to_string()?),
        })
    }
}

impl Wire for TaskState {
    type Owned = t::task_state::Owned;

    fn put(&self, mut b: t::task_state::Builder<'_>) {
        match self {
            Self::Running => b.set_running(()),
            Self::Waiting => b.set_waiting(()),
            Self::Done => b.set_done(()),
            Self::Failed(reason) => b.set_failed(reason.as_str()),
            Self::Cancelled => b.set_cancelled(()),
        }
    }

    fn take(r: t::task_state::Reader<'_>) -> capnp::Result<Self> {
        Ok(match r.which().unwrap_or(t::task_state::Running(())) {
            t::task_state::Running(()) => Self::Running,
            t::task_state::Waiting(()) => Self::Waiting,
            t::task_state::Done(()) => Self::Done,
            t::task_state::Failed(reason) => Self::Failed(reason?.to_string()?),
            t::task_state::Cancelled(()) => Self::Cancelled,
        })
    }
}

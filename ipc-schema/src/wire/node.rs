//! The node's values.

use super::{Wire, wire_enum, wire_struct};
use crate::generated::node_capnp as n;
use crate::types::{
    LogLevel, LogLine, MempoolStatus, NodeStatus, Phase, RpcCommand, SettingInfo, SettingKind,
    Traffic, WalletLink, WalletProcessState,
};

wire_enum!(
    Phase,
    n::Phase,
    [Starting, Loading, Running, Stopping, Failed]
);
wire_enum!(WalletLink, n::WalletLink, [Off, Starting, Running, Down]);
wire_enum!(LogLevel, n::LogLevel, [Trace, Debug, Info, Warning, Error]);
wire_enum!(
    SettingKind,
    n::SettingKind,
    [Bool, Integer, Amount, Text, Path, List]
);

wire_struct!(MempoolStatus, n::mempool_status, {
    count: val get_count set_count,
    vbytes: val get_vbytes set_vbytes,
    usage: val get_usage set_usage,
    max_usage: val get_max_usage set_max_usage,
    fees: money get_fees set_fees,
    min_rate: rate get_min_rate set_min_rate,
});

wire_struct!(Traffic, n::traffic, {
    received: val get_received set_received,
    sent: val get_sent set_sent,
});

wire_struct!(WalletProcessState, n::wallet_process_state, {
    link: choice get_link set_link,
    message: text get_message set_message,
    pid: val get_pid set_pid,
    restarts: val get_restarts set_restarts,
});

wire_struct!(LogLine, n::log_line, {
    sequence: val get_sequence set_sequence,
    level: choice get_level set_level,
    category: text get_category set_category,
    text: text get_text set_text,
});

wire_struct!(RpcCommand, n::rpc_command, {
    name: text get_name set_name,
    category: text get_category set_category,
    arguments: texts get_arguments init_arguments,
    summary: text get_summary set_summary,
    wallet: val get_wallet set_wallet,
});

wire_struct!(SettingInfo, n::setting_info, {
    name: text get_name set_name,
    category: text get_category set_category,
    kind: choice get_kind set_kind,
    value: text get_value set_value,
    source: choice get_source set_source,
    default: text get_default set_default,
    stored: text get_stored set_stored,
    help: text get_help set_help,
    needs_restart: val get_needs_restart set_needs_restart,
    overridden: val get_overridden set_overridden,
    read_only: val get_read_only set_read_only,
});

impl Wire for NodeStatus {
    type Owned = n::node_status::Owned;

    fn put(&self, mut b: n::node_status::Builder<'_>) {
        b.set_phase(self.phase.into());
        b.set_message(self.message.as_str());
        b.set_exit_code(self.exit_code);
        super::put!(opt_node, b, &self.tip, get_tip init_tip has_tip);
        b.set_headers_height(self.headers_height);
        b.set_headers_time(self.headers_time);
        b.set_initial_download(self.initial_download);
        b.set_progress(self.progress);
        self.mempool.put(b.reborrow().init_mempool());
        b.set_network_active(self.network_active);
        b.set_peers_out(self.peers_out);
        b.set_peers_in(self.peers_in);
        self.traffic.put(b.reborrow().init_traffic());
        super::put!(texts, b, &self.warnings, get_warnings init_warnings);
        super::put!(opt_val, b, &self.disk_free,
            get_disk_free set_disk_free get_has_disk_free set_has_disk_free);
        b.set_disk_used(self.disk_used);
        super::put!(opt_val, b, &self.prune_height,
            get_prune_height set_prune_height get_has_prune_height set_has_prune_height);
        self.wallet.put(b.reborrow().init_wallet());
        b.set_started(self.started);
        b.set_datadir(self.datadir.as_str());
        b.set_blocks_dir(self.blocks_dir.as_str());
        b.set_version(self.version.as_str());
        b.set_coin(self.coin.as_str());
        b.set_network(self.network.as_str());
        b.set_datadir_source(self.datadir_source.into());
        b.set_log_file(self.log_file.as_str());
        b.set_cache_used(self.cache.0);
        b.set_cache_max(self.cache.1);
    }

    fn take(r: n::node_status::Reader<'_>) -> capnp::Result<Self> {
        Ok(Self {
            phase: r.get_phase().map(Into::into).unwrap_or_default(),
            message: r.get_message()?.to_string()?,
            exit_code: r.get_exit_code(),
            tip: super::take!(opt_node, r, get_tip init_tip has_tip),
            headers_height: r.get_headers_height(),
            headers_time: r.get_headers_time(),
            initial_download: r.get_initial_download(),
            progress: r.get_progress(),
            mempool: MempoolStatus::take(r.get_mempool()?)?,
            network_active: r.get_network_active(),
            peers_out: r.get_peers_out(),
            peers_in: r.get_peers_in(),
            traffic: Traffic::take(r.get_traffic()?)?,
            warnings: super::take_texts(r.get_warnings()?)?,
            disk_free: r.get_has_disk_free().then(|| r.get_disk_free()),
            disk_used: r.get_disk_used(),
            prune_height: r.get_has_prune_height().then(|| r.get_prune_height()),
            wallet: WalletProcessState::take(r.get_wallet()?)?,
            started: r.get_started(),
            datadir: r.get_datadir()?.to_string()?,
            blocks_dir: r.get_blocks_dir()?.to_string()?,
            version: r.get_version()?.to_string()?,
            coin: r.get_coin()?.to_string()?,
            network: r.get_network()?.to_string()?,
            datadir_source: r.get_datadir_source().map(Into::into).unwrap_or_default(),
            log_file: r.get_log_file()?.to_string()?,
            cache: (r.get_cache_used(), r.get_cache_max()),
        })
    }
}

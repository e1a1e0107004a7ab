//! The wallet's values.

use super::{Wire, wire_enum, wire_struct};
use crate::generated::wallet_capnp as w;
use crate::types::{
    AddressRequest, AddressRow, AddressType, BackupReport, Balances, BlockTip, CoinRow,
    CreateWallet, LockState, RescanStart, TxCursor, TxDetails, TxKind, TxOutputRow, TxPage,
    TxQuery, TxRow, TxState, WalletDelta, WalletInfo, WalletListItem, WalletState,
};

wire_enum!(
    AddressType,
    w::AddressType,
    [Legacy, P2shSegwit, Bech32, Bech32m]
);
wire_enum!(TxKind, w::TxKind, [Received, Sent, SelfTransfer, Mined]);

wire_struct!(WalletListItem, w::wallet_list_item, {
    name: text get_name set_name,
    path: text get_path set_path,
    loaded: val get_loaded set_loaded,
    encrypted: opt_val get_encrypted set_encrypted get_has_encrypted set_has_encrypted,
    modified: val get_modified set_modified,
});

wire_struct!(CreateWallet, w::create_wallet, {
    name: text get_name set_name,
    passphrase: secret get_passphrase set_passphrase,
    blank: val get_blank set_blank,
    disable_private_keys: val get_disable_private_keys set_disable_private_keys,
    avoid_reuse: val get_avoid_reuse set_avoid_reuse,
    load_on_startup: val get_load_on_startup set_load_on_startup,
});

wire_struct!(Balances, w::balances, {
    trusted: money get_trusted set_trusted,
    pending: money get_pending set_pending,
    immature: money get_immature set_immature,
    used: money get_used set_used,
});

wire_struct!(TxOutputRow, w::tx_output_row, {
    vout: val get_vout set_vout,
    address: text get_address set_address,
    label: text get_label set_label,
    amount: money get_amount set_amount,
    is_mine: val get_is_mine set_is_mine,
    is_change: val get_is_change set_is_change,
});

wire_struct!(TxRow, w::tx_row, {
    txid: hash get_txid set_txid,
    time: val get_time set_time,
    kind: choice get_kind set_kind,
    state: node get_state init_state,
    amount: money get_amount set_amount,
    fee: opt_money get_fee set_fee get_has_fee set_has_fee,
    label: text get_label set_label,
    comment: text get_comment set_comment,
    outputs: list get_outputs init_outputs,
    mature_height: opt_val get_mature_height set_mature_height get_has_mature_height set_has_mature_height,
    can_abandon: val get_can_abandon set_can_abandon,
    can_bump: val get_can_bump set_can_bump,
});

wire_struct!(TxCursor, w::tx_cursor, {
    time: val get_time set_time,
    txid: hash get_txid set_txid,
});

wire_struct!(TxQuery, w::tx_query, {
    before: opt_node get_before init_before has_before,
    limit: val get_limit set_limit,
    filter: text get_filter set_filter,
});

wire_struct!(TxPage, w::tx_page, {
    rows: list get_rows init_rows,
    next: opt_node get_next init_next has_next,
    total: val get_total set_total,
    sequence: val get_sequence set_sequence,
});

wire_struct!(TxDetails, w::tx_details, {
    row: node get_row init_row,
    raw: data get_raw set_raw,
    inputs: list get_inputs init_inputs,
    outputs: list get_outputs init_outputs,
    vsize: val get_vsize set_vsize,
    fee_rate: opt_rate get_fee_rate set_fee_rate get_has_fee_rate set_has_fee_rate,
});

wire_struct!(WalletDelta, w::wallet_delta, {
    sequence: val get_sequence set_sequence,
    rows: list get_rows init_rows,
    removed: hashes get_removed init_removed,
});

wire_struct!(AddressRequest, w::address_request, {
    address_type: opt_choice get_address_type set_address_type get_has_address_type set_has_address_type,
    label: text get_label set_label,
    amount: opt_money get_amount set_amount get_has_amount set_has_amount,
    message: text get_message set_message,
});

wire_struct!(AddressRow, w::address_row, {
    address: text get_address set_address,
    address_type: choice get_address_type set_address_type,
    label: text get_label set_label,
    amount: opt_money get_amount set_amount get_has_amount set_has_amount,
    message: text get_message set_message,
    created: val get_created set_created,
    received: money get_received set_received,
    payments: val get_payments set_payments,
    is_mine: val get_is_mine set_is_mine,
});

wire_struct!(CoinRow, w::coin_row, {
    outpoint: node get_outpoint init_outpoint,
    address: text get_address set_address,
    label: text get_label set_label,
    amount: money get_amount set_amount,
    height: opt_val get_height set_height get_has_height set_has_height,
    is_change: val get_is_change set_is_change,
    frozen: val get_frozen set_frozen,
    spendable: val get_spendable set_spendable,
    safe: val get_safe set_safe,
});

wire_struct!(BackupReport, w::backup_report, {
    path: text get_path set_path,
    size: val get_size set_size,
    descriptors: val get_descriptors set_descriptors,
    encrypted: val get_encrypted set_encrypted,
    first_address: text get_first_address set_first_address,
    identical: val get_identical set_identical,
});

impl Wire for WalletInfo {
    type Owned = w::wallet_info::Owned;

    fn put(&self, mut b: w::wallet_info::Builder<'_>) {
        b.set_name(self.name.as_str());
        b.set_path(self.path.as_str());
        b.set_watch_only(self.watch_only);
        b.set_can_get_addresses(self.can_get_addresses);
        b.set_default_address_type(self.default_address_type.into());
        b.set_birth_time(self.birth_time);
        let mut types = b.init_address_types(super::length(&self.address_types));
        for (index, kind) in (0..types.len()).zip(&self.address_types) {
            types.set(index, (*kind).into());
        }
    }

    fn take(r: w::wallet_info::Reader<'_>) -> capnp::Result<Self> {
        // Kinds that only newer programs know are left out.
        let types = r
            .get_address_types()?
            .iter()
            .flatten()
            .take(16)
            .map(Into::into)
            .collect();
        Ok(Self {
            name: r.get_name()?.to_string()?,
            path: r.get_path()?.to_string()?,
            watch_only: r.get_watch_only(),
            can_get_addresses: r.get_can_get_addresses(),
            address_types: types,
            default_address_type: r
                .get_default_address_type()
                .map(Into::into)
                .unwrap_or_default(),
            birth_time: r.get_birth_time(),
        })
    }
}

impl Wire for WalletState {
    type Owned = w::wallet_state::Owned;

    fn put(&self, mut b: w::wallet_state::Builder<'_>) {
        self.info.put(b.reborrow().init_info());
        self.balances.put(b.reborrow().init_balances());
        if let Some((hash, height)) = self.block {
            BlockTip {
                hash,
                height,
                ..BlockTip::default()
            }
            .put(b.reborrow().init_block());
        }
        b.set_at_tip(self.at_tip);
        self.lock.put(b.reborrow().init_lock());
        b.set_transactions(self.transactions);
        b.set_sequence(self.sequence);
        b.set_addresses_revision(self.addresses_revision);
        b.set_coins_revision(self.coins_revision);
        super::put!(opt_val, b, &self.scanning,
            get_scanning set_scanning get_has_scanning set_has_scanning);
        if let Some((time, checked)) = self.backup {
            b.set_backup_time(time);
            b.set_backup_checked(checked);
            b.set_has_backup(true);
        }
        b.set_backup_outdated(self.backup_outdated);
    }

    fn take(r: w::wallet_state::Reader<'_>) -> capnp::Result<Self> {
        let block = if r.has_block() {
            let tip = BlockTip::take(r.get_block()?)?;
            Some((tip.hash, tip.height))
        } else {
            None
        };
        Ok(Self {
            info: WalletInfo::take(r.get_info()?)?,
            balances: Balances::take(r.get_balances()?)?,
            block,
            at_tip: r.get_at_tip(),
            lock: LockState::take(r.get_lock()?)?,
            transactions: r.get_transactions(),
            sequence: r.get_sequence(),
            addresses_revision: r.get_addresses_revision(),
            coins_revision: r.get_coins_revision(),
            scanning: r.get_has_scanning().then(|| r.get_scanning()),
            backup: r
                .get_has_backup()
                .then(|| (r.get_backup_time(), r.get_backup_checked())),
            backup_outdated: r.get_backup_outdated(),
        })
    }
}

impl Wire for LockState {
    type Owned = w::lock_state::Owned;

    fn put(&self, mut b: w::lock_state::Builder<'_>) {
        match self {
            Self::Unencrypted => b.set_unencrypted(()),
            Self::Locked => b.set_locked(()),
            Self::Unlocked { until } => b.set_unlocked_until(*until),
        }
    }

    fn take(r: w::lock_state::Reader<'_>) -> capnp::Result<Self> {
        Ok(match r.which()? {
            w::lock_state::Unencrypted(()) => Self::Unencrypted,
            w::lock_state::Locked(()) => Self::Locked,
            w::lock_state::UnlockedUntil(until) => Self::Unlocked { until },
        })
    }
}

impl Wire for TxState {
    type Owned = w::tx_state::Owned;

    fn put(&self, mut b: w::tx_state::Builder<'_>) {
        match self {
            Self::Confirmed {
                height,
                block,
                time,
            } => {
                let tip = BlockTip {
                    hash: *block,
                    height: *height,
                    time: *time,
                    median_time: 0,
                };
                tip.put(b.init_confirmed());
            }
            Self::InMempool => b.set_in_mempool(()),
            Self::Inactive => b.set_inactive(()),
            Self::Abandoned => b.set_abandoned(()),
            Self::Conflicted { height } => b.set_conflicted(*height),
        }
    }

    fn take(r: w::tx_state::Reader<'_>) -> capnp::Result<Self> {
        Ok(match r.which().unwrap_or(w::tx_state::Inactive(())) {
            w::tx_state::Confirmed(tip) => {
                let tip = BlockTip::take(tip?)?;
                Self::Confirmed {
                    height: tip.height,
                    block: tip.hash,
                    time: tip.time,
                }
            }
            w::tx_state::InMempool(()) => Self::InMempool,
            w::tx_state::Inactive(()) => Self::Inactive,
            w::tx_state::Abandoned(()) => Self::Abandoned,
            w::tx_state::Conflicted(height) => Self::Conflicted { height },
        })
    }
}

impl Wire for RescanStart {
    type Owned = w::rescan_start::Owned;

    fn put(&self, mut b: w::rescan_start::Builder<'_>) {
        match self {
            Self::Genesis => b.set_genesis(()),
            Self::Height(height) => b.set_height(*height),
            Self::Time(time) => b.set_time(*time),
        }
    }

    fn take(r: w::rescan_start::Reader<'_>) -> capnp::Result<Self> {
        Ok(match r.which()? {
            w::rescan_start::Genesis(()) => Self::Genesis,
            w::rescan_start::Height(height) => Self::Height(height),
            w::rescan_start::Time(time) => Self::Time(time),
        })
    }
}

//! Between plain types and the generated readers and builders: each struct is written once.

pub(crate) mod chain;
mod common;
mod node;
mod send;
#[cfg(test)]
mod tests;
mod wallet;

use capnp::traits::OwnedStruct;
use capnp::{data_list, struct_list, text_list};

use crate::types::{Fault, FaultCode, LARGE_MESSAGE, TOO_LARGE};

/// Longest list that is taken from the other side.
pub(crate) const MAX_LIST: u32 = 100_000;

/// A plain type with its form on the wire.
pub(crate) trait Wire: Sized {
    /// The generated struct.
    type Owned: OwnedStruct;
    /// Writes it.
    fn put(&self, b: <Self::Owned as OwnedStruct>::Builder<'_>);
    /// Reads it.
    fn take(r: <Self::Owned as OwnedStruct>::Reader<'_>) -> capnp::Result<Self>;
}

/// The length of a list in the form that `init` takes; longer ones are cut by their makers.
pub(crate) fn length<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX).min(MAX_LIST)
}

/// A text that is to be sent, if Cap'n Proto can hold it at all.
pub(crate) fn sendable(text: String) -> Result<String, Fault> {
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    if bytes <= LARGE_MESSAGE {
        return Ok(text);
    }
    Err(Fault::new(
        FaultCode::TooLarge,
        format!("{TOO_LARGE}the text has {bytes} bytes, and at most {LARGE_MESSAGE} can be sent."),
    ))
}

fn check_length(length: u32) -> capnp::Result<()> {
    if length > MAX_LIST {
        return Err(capnp::Error::failed(format!(
            "a list of {length} items is too long"
        )));
    }
    Ok(())
}

pub(crate) fn put_list<T: Wire>(mut list: struct_list::Builder<'_, T::Owned>, items: &[T]) {
    for (index, item) in (0..list.len()).zip(items) {
        item.put(list.reborrow().get(index));
    }
}

pub(crate) fn take_list<T: Wire>(list: struct_list::Reader<'_, T::Owned>) -> capnp::Result<Vec<T>> {
    check_length(list.len())?;
    (0..list.len())
        .map(|index| T::take(list.get(index)))
        .collect()
}

pub(crate) fn put_texts(mut list: text_list::Builder<'_>, items: &[String]) {
    for (index, item) in (0..list.len()).zip(items) {
        list.set(index, item.as_str());
    }
}

pub(crate) fn take_texts(list: text_list::Reader<'_>) -> capnp::Result<Vec<String>> {
    check_length(list.len())?;
    (0..list.len())
        .map(|index| Ok(list.get(index)?.to_string()?))
        .collect()
}

pub(crate) fn put_datas<T: AsRef<[u8]>>(mut list: data_list::Builder<'_>, items: &[T]) {
    for (index, item) in (0..list.len()).zip(items) {
        list.set(index, item.as_ref());
    }
}

pub(crate) fn take_datas(list: data_list::Reader<'_>) -> capnp::Result<Vec<Vec<u8>>> {
    check_length(list.len())?;
    (0..list.len())
        .map(|index| Ok(list.get(index)?.to_vec()))
        .collect()
}

pub(crate) fn take_hashes<H: From<[u8; 32]>>(list: data_list::Reader<'_>) -> capnp::Result<Vec<H>> {
    check_length(list.len())?;
    (0..list.len())
        .map(|index| hash(list.get(index)?))
        .collect()
}

/// Reads a hash; absent bytes are the zero hash, a wrong length is an error.
pub(crate) fn hash<H: From<[u8; 32]>>(bytes: &[u8]) -> capnp::Result<H> {
    if bytes.is_empty() {
        return Ok(H::from([0; 32]));
    }
    let bytes: [u8; 32] = bytes
        .try_into()
        .map_err(|_| capnp::Error::failed(format!("a hash of {} bytes", bytes.len())))?;
    Ok(H::from(bytes))
}

/// Joins a plain enum with the generated one of the same names.
macro_rules! wire_enum {
    ($type:ty, $wire:ty, [$($name:ident),+]) => {
        impl From<$type> for $wire {
            fn from(value: $type) -> Self {
                match value { $(<$type>::$name => Self::$name),+ }
            }
        }
        impl From<$wire> for $type {
            fn from(value: $wire) -> Self {
                match value { $(<$wire>::$name => Self::$name),+ }
            }
        }
    };
}

/// Writes one field.
macro_rules! put {
    (val, $b:ident, $v:expr, $get:ident $set:ident) => {
        $b.$set(*$v)
    };
    (text, $b:ident, $v:expr, $get:ident $set:ident) => {
        $b.$set($v.as_str())
    };
    (data, $b:ident, $v:expr, $get:ident $set:ident) => {
        $b.$set($v.as_slice())
    };
    (hash, $b:ident, $v:expr, $get:ident $set:ident) => {
        $b.$set($v.as_bytes())
    };
    (money, $b:ident, $v:expr, $get:ident $set:ident) => {
        $b.$set($v.sat())
    };
    (rate, $b:ident, $v:expr, $get:ident $set:ident) => {
        $b.$set($v.sat_per_kvb())
    };
    (choice, $b:ident, $v:expr, $get:ident $set:ident) => {
        $b.$set((*$v).into())
    };
    (secret, $b:ident, $v:expr, $get:ident $set:ident) => {
        $b.$set($v.expose())
    };
    (node, $b:ident, $v:expr, $get:ident $init:ident) => {
        $crate::wire::Wire::put($v, $b.reborrow().$init())
    };
    (list, $b:ident, $v:expr, $get:ident $init:ident) => {
        $crate::wire::put_list($b.reborrow().$init($crate::wire::length($v)), $v)
    };
    (texts, $b:ident, $v:expr, $get:ident $init:ident) => {
        $crate::wire::put_texts($b.reborrow().$init($crate::wire::length($v)), $v)
    };
    (hashes, $b:ident, $v:expr, $get:ident $init:ident) => {
        $crate::wire::put_datas($b.reborrow().$init($crate::wire::length($v)), $v)
    };
    (opt_node, $b:ident, $v:expr, $get:ident $init:ident $has:ident) => {
        if let Some(value) = $v {
            $crate::wire::Wire::put(value, $b.reborrow().$init());
        }
    };
    (opt_val, $b:ident, $v:expr, $get:ident $set:ident $has:ident $set_has:ident) => {
        if let Some(value) = $v {
            $b.$set(*value);
            $b.$set_has(true);
        }
    };
    (opt_money, $b:ident, $v:expr, $get:ident $set:ident $has:ident $set_has:ident) => {
        if let Some(value) = $v {
            $b.$set(value.sat());
            $b.$set_has(true);
        }
    };
    (opt_rate, $b:ident, $v:expr, $get:ident $set:ident $has:ident $set_has:ident) => {
        if let Some(value) = $v {
            $b.$set(value.sat_per_kvb());
            $b.$set_has(true);
        }
    };
    (opt_choice, $b:ident, $v:expr, $get:ident $set:ident $has:ident $set_has:ident) => {
        if let Some(value) = $v {
            $b.$set((*value).into());
            $b.$set_has(true);
        }
    };
}

/// Reads one field.
macro_rules! take {
    (val, $r:ident, $get:ident $set:ident) => {
        $r.$get()
    };
    (text, $r:ident, $get:ident $set:ident) => {
        $r.$get()?.to_string()?
    };
    (data, $r:ident, $get:ident $set:ident) => {
        $r.$get()?.to_vec()
    };
    (hash, $r:ident, $get:ident $set:ident) => {
        $crate::wire::hash($r.$get()?)?
    };
    (money, $r:ident, $get:ident $set:ident) => {
        primitives::Amount::from_sat($r.$get())
    };
    (rate, $r:ident, $get:ident $set:ident) => {
        primitives::FeeRate::from_sat_per_kvb($r.$get())
    };
    // A value that a newer program knows reads as the default.
    (choice, $r:ident, $get:ident $set:ident) => {
        $r.$get().map(Into::into).unwrap_or_default()
    };
    (secret, $r:ident, $get:ident $set:ident) => {
        $crate::types::Secret::new($r.$get()?.to_vec())
    };
    (node, $r:ident, $get:ident $init:ident) => {
        $crate::wire::Wire::take($r.$get()?)?
    };
    (list, $r:ident, $get:ident $init:ident) => {
        $crate::wire::take_list($r.$get()?)?
    };
    (texts, $r:ident, $get:ident $init:ident) => {
        $crate::wire::take_texts($r.$get()?)?
    };
    (hashes, $r:ident, $get:ident $init:ident) => {
        $crate::wire::take_hashes($r.$get()?)?
    };
    (opt_node, $r:ident, $get:ident $init:ident $has:ident) => {
        if $r.$has() {
            Some($crate::wire::Wire::take($r.$get()?)?)
        } else {
            None
        }
    };
    (opt_val, $r:ident, $get:ident $set:ident $has:ident $set_has:ident) => {
        $r.$has().then(|| $r.$get())
    };
    (opt_money, $r:ident, $get:ident $set:ident $has:ident $set_has:ident) => {
        $r.$has().then(|| primitives::Amount::from_sat($r.$get()))
    };
    (opt_rate, $r:ident, $get:ident $set:ident $has:ident $set_has:ident) => {
        $r.$has()
            .then(|| primitives::FeeRate::from_sat_per_kvb($r.$get()))
    };
    (opt_choice, $r:ident, $get:ident $set:ident $has:ident $set_has:ident) => {
        $r.$has()
            .then(|| $r.$get().map(Into::into).unwrap_or_default())
    };
}

/// Joins a plain struct with the generated one, field by field:
/// `name: kind getter setter [getter and setter of the "has" field]`.
macro_rules! wire_struct {
    ($type:ty, $($module:ident)::+, {
        $($field:ident: $kind:ident $($method:ident)+),+ $(,)?
    }) => {
        impl $crate::wire::Wire for $type {
            type Owned = $($module)::+::Owned;

            fn put(&self, mut b: $($module)::+::Builder<'_>) {
                $($crate::wire::put!($kind, b, &self.$field, $($method)+);)+
            }

            fn take(r: $($module)::+::Reader<'_>) -> capnp::Result<Self> {
                Ok(Self { $($field: $crate::wire::take!($kind, r, $($method)+)),+ })
            }
        }
    };
}

pub(crate) use {put, take, wire_enum, wire_struct};

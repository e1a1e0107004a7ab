//! A request text as JSON, before it is looked at.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The key under which serde_json hands a number to a visitor, because its digits are kept as text.
pub(super) const NUMBER_KEY: &str = "$serde_json::private::Number";

/// A whole request text. Objects are lists of fields here, so that parameters named twice are noticed.
pub(super) enum Message {
    Single(Fields),
    Batch(Vec<Item>),
    Other,
}

pub(super) enum Item {
    Call(Fields),
    Other,
}

#[derive(Default)]
pub(super) struct Fields {
    list: Vec<(String, Value)>,
    pub(super) params: Option<RawParams>,
}

impl Fields {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.list
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let index = self.list.iter().position(|(own, _)| own == name)?;
        Some(self.list.swap_remove(index).1)
    }

    /// `None` for a number, which looks like a map with one key.
    fn read<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut fields = Self::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                NUMBER_KEY => {
                    map.next_value::<Value>()?;
                    return Ok(None);
                }
                "params" => {
                    let params = map.next_value()?;
                    fields.params.get_or_insert(params);
                }
                "id" | "method" | "jsonrpc" => {
                    let value = map.next_value()?;
                    fields.list.push((name, value));
                }
                // Other fields mean nothing, and are not kept.
                _ => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
        Ok(Some(fields))
    }
}

pub(super) enum RawParams {
    Null,
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
    Other,
}

/// Implements the visits that mean "some other type".
macro_rules! other_visits {
    ($other:expr) => {
        fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
            formatter.write_str("a JSON value")
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($other)
        }
    };
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Root;
        impl<'de> Visitor<'de> for Root {
            type Value = Message;
            other_visits!(Message::Other);
            fn visit_unit<E>(self) -> Result<Message, E> {
                Ok(Message::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Message, A::Error> {
                Ok(Fields::read(map)?.map_or(Message::Other, Message::Single))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Message, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Message::Batch(items))
            }
        }
        deserializer.deserialize_any(Root)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Element;
        impl<'de> Visitor<'de> for Element {
            type Value = Item;
            other_visits!(Item::Other);
            fn visit_unit<E>(self) -> Result<Item, E> {
                Ok(Item::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Item, A::Error> {
                Ok(Fields::read(map)?.map_or(Item::Other, Item::Call))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Item, A::Error> {
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok(Item::Other)
            }
        }
        deserializer.deserialize_any(Element)
    }
}

impl<'de> Deserialize<'de> for RawParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Field;
        impl<'de> Visitor<'de> for Field {
            type Value = RawParams;
            other_visits!(RawParams::Other);
            fn visit_unit<E>(self) -> Result<RawParams, E> {
                Ok(RawParams::Null)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawParams, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if name == NUMBER_KEY {
                        return Ok(RawParams::Other);
                    }
                    fields.push((name, value));
                }
                Ok(RawParams::Object(fields))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawParams, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(RawParams::Array(values))
            }
        }
        deserializer.deserialize_any(Field)
    }
}

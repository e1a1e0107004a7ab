//! Widgets of this window. Every control is a keyboard stop and shows a ring when reached by Tab.

pub mod address;
pub mod anew;
pub mod button;
pub mod cut;
pub mod field;
pub mod grip;
pub mod header;
pub mod inert;
pub mod keys;
pub mod layout;
pub mod lines;
pub mod list;
pub mod menu;
mod pass;
pub mod press;
pub mod qr;
pub mod reveal;
pub mod stop;
pub mod text;

pub use address::address;
pub use anew::anew;
pub use button::{button, button_with, icon_button};
pub use field::Field;
pub use grip::Side;
pub use header::{Column, header};
pub use inert::inert;
pub use keys::{Scope, keys};
pub use list::VirtualList;
pub use menu::{Entry, with_menu};
pub use press::{Pressable, pressable};
pub use stop::stop;

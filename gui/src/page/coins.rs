//! Coins: what the wallet holds, one by one; to look at, freeze, label, send or put together.

pub mod list;
#[cfg(test)]
mod tests;

use iced::widget::{column, container, row, space};
use iced::{Alignment, Length, Padding, Task};
use ipc_schema::{AddressRequest, AddressRow, CoinRow, IpcError};
use primitives::{Amount, OutPoint};

use super::{Context, Event, PageId, Update, words};
use crate::Element;
use crate::model::coins::payment_size;
use crate::model::{Model, amount};
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::button_with;
use crate::widget::{button, layout, text};

/// Label of the address that coins are put together on.
const TOGETHER: &str = "Put together";

/// No payment that others pass on has more inputs: the smallest takes 57.5 of its 100,000 virtual bytes.
const MOST_INPUTS: usize = 1739;

/// The page.
#[derive(Debug, Default)]
pub struct Page {
    list: list::List,
    busy: bool,
}

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// The list.
    List(list::Message),
    /// Pay with the chosen coins.
    Send,
    /// Make one coin of the chosen ones.
    Consolidate,
    /// The address for it was made, or not.
    Address(Result<AddressRow, IpcError>),
    /// Freeze the chosen coins, or free them.
    Freeze(bool),
    /// Go to Receive.
    Receive,
}

/// Coins that a payment is to be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The coins.
    pub coins: Vec<OutPoint>,
    /// Where all of it goes, if that is settled.
    pub to: Option<String>,
}

impl Page {
    /// Handles a message.
    pub fn update(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match message {
            Message::List(message) => {
                let update = self.list.update(message, context);
                Update {
                    task: update.task.map(Message::List),
                    event: update.event,
                }
            }
            Message::Send => {
                let coins = self.list.ticked(context.model);
                Update::event(Event::SendCoins(Chosen { coins, to: None }))
            }
            Message::Consolidate => {
                self.busy = true;
                let (wallet, name) = (context.link.wallet(), context.wallet_name());
                let request = AddressRequest {
                    label: TOGETHER.to_owned(),
                    ..AddressRequest::default()
                };
                let call = async move { wallet?.new_address(name, request).await };
                Update::task(Task::perform(call, Message::Address))
            }
            Message::Address(Ok(row)) => {
                self.busy = false;
                let coins = self.list.ticked(context.model);
                let to = Some(row.address);
                Update::event(Event::SendCoins(Chosen { coins, to }))
            }
            Message::Address(Err(error)) => {
                self.busy = false;
                Update::event(Event::Notify(Tone::Bad, words(&error)))
            }
            Message::Freeze(frozen) => {
                let coins = self.list.ticked(context.model);
                let task = list::freeze(coins, frozen, context);
                Update::task(task.map(Message::List))
            }
            Message::Receive => Update::event(Event::Open(PageId::Receive)),
        }
    }

    /// Closes what lies on top of the list; whether there was anything.
    pub fn close_top(&mut self) -> bool {
        self.list.close_top()
    }

    /// Draws the page.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let Some(wallet) = &model.wallet else {
            return space().into();
        };
        let count = u64::try_from(wallet.coins.len()).unwrap_or(u64::MAX);
        let frozen = wallet.coins.iter().filter(|coin| coin.frozen).count();
        let mut words = match count {
            1 => "1 coin".to_owned(),
            count => format!("{} coins", amount::count(count)),
        };
        if frozen > 0 {
            words.push_str(&format!(", {frozen} frozen"));
        }
        let head = layout::heading_row("Coins", text::caption(words));
        if wallet.coins.is_empty() {
            return self.nothing(head, model);
        }
        let list = self.list.view("coins", model).map(Message::List);
        column![head, self.bar(model), list]
            .spacing(size::S3)
            .padding(Padding::new(size::S5).bottom(size::S3))
            .into()
    }

    fn nothing<'a>(&self, head: Element<'a, Message>, model: &Model) -> Element<'a, Message> {
        let words = match model.height() {
            Some(height) if model.is_catching_up() => format!(
                "The wallet has looked at the chain up to block {} so far.",
                amount::count(u64::from(height))
            ),
            _ => "Every payment that comes in leaves a coin here until it is spent.".to_owned(),
        };
        let receive = button("Receive", Press::Secondary)
            .id("coins-receive")
            .on_press(Message::Receive);
        let empty = layout::empty(Icon::Coins, "Nothing here yet", words, vec![receive.into()]);
        column![head, empty].padding(size::S5).into()
    }

    /// What the chosen coins are together, and what can be done with them.
    fn bar<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let coins: Vec<&CoinRow> = self.list.ticked_rows(model).collect();
        let free = coins
            .iter()
            .filter(|coin| coin.spendable && !coin.frozen)
            .count();
        let words = if coins.is_empty() {
            "Tick coins to send, freeze or put them together.".to_owned()
        } else {
            let sum: Amount = coins.iter().map(|coin| coin.amount).sum();
            let mut words = format!("{} chosen, {}", coins.len(), model.money().with_unit(sum));
            if free < coins.len() {
                words.push_str(". Some of them cannot be spent now.");
            } else if coins.len() > MOST_INPUTS {
                words.push_str(". That is more than one payment can spend.");
            } else if let Some(rate) = list::rate(model) {
                let vsize = payment_size(coins.iter().copied(), model.params);
                words.push_str(&format!(
                    ". Spending them now costs about {}.",
                    model.money().fee(rate.fee(vsize))
                ));
            }
            words
        };
        let usable = free > 0 && free == coins.len() && !self.busy;
        let all_frozen = !coins.is_empty() && coins.iter().all(|coin| coin.frozen);
        let freeze = if all_frozen { "Free" } else { "Freeze" };
        let glyph = if all_frozen {
            Icon::LockOpen
        } else {
            Icon::Snowflake
        };
        let buttons = row![
            button_with(Icon::ArrowUpRight, "Send these", Press::Primary)
                .id("coins-send")
                .on_press_maybe(usable.then_some(Message::Send)),
            button("Put together", Press::Secondary)
                .id("coins-consolidate")
                .on_press_maybe((usable && coins.len() > 1).then_some(Message::Consolidate)),
            button_with(glyph, freeze, Press::Secondary)
                .id("coins-freeze")
                .on_press_maybe((!coins.is_empty()).then_some(Message::Freeze(!all_frozen))),
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center);
        column![
            buttons,
            container(text::body(words).class(Tone::Soft)).width(Length::Fill)
        ]
        .spacing(size::S2)
        .into()
    }
}

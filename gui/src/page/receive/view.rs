//! How the Receive page looks.

use iced::keyboard::Key;
use iced::widget::{column, container, responsive, row, space};
use iced::{Alignment, Length, Padding};
use ipc_schema::{AddressRow, AddressType};

use super::{Key as By, Message, Page, Place, Shown, What};
use crate::Element;
use crate::model::{Model, Sort};
use crate::theme::{Icon, Press, Tone, fonts, size};
use crate::widget::button::{button_with, segments};
use crate::widget::{
    Column, Entry, Field, VirtualList, address, button, header, layout, qr, text, with_menu,
};

/// Rows of the list that are in view at once.
const ROWS: f32 = 6.0;
/// Width under which the QR code stands below the form.
const SIDE_BY_SIDE: f32 = 640.0;

/// The word for an address type and a sentence about it.
fn kind_words(kind: AddressType) -> (&'static str, &'static str) {
    match kind {
        AddressType::Legacy => (
            "legacy",
            "The oldest kind, for payers who know no other. Highest fees.",
        ),
        AddressType::P2shSegwit => (
            "wrapped",
            "SegWit inside an old form: nearly every payer knows it.",
        ),
        AddressType::Bech32 => (
            "native SegWit",
            "Low fees, and typing errors are found. The usual choice.",
        ),
        AddressType::Bech32m => (
            "Taproot",
            "The newest kind: low fees, most private. Some payers do not know it yet.",
        ),
    }
}

pub(super) fn view<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let top = responsive(move |space| {
        if space.width >= SIDE_BY_SIDE {
            row![
                container(form(page, model)).width(Length::Fill),
                container(request(page)).width(size::QR + 2.0 * size::S4)
            ]
            .spacing(size::S4)
            .into()
        } else {
            column![form(page, model), request(page)]
                .spacing(size::S4)
                .into()
        }
    })
    .height(Length::Shrink);
    let mut blocks: Vec<Element<'a, Message>> = vec![top.into()];
    if let Some(shown) = &page.shown {
        blocks.push(details(page, shown, model));
    }
    blocks.push(list(page, model));
    layout::page("receive", layout::page_title("Receive"), blocks)
}

fn form<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let unit = model.money().unit().symbol;
    let problem = page.amount_problem(model);
    let kinds: Vec<AddressType> = model
        .wallet
        .as_ref()
        .and_then(|wallet| wallet.state.as_ref())
        .map(|state| state.info.address_types.clone())
        .unwrap_or_default();
    let default = model
        .wallet
        .as_ref()
        .and_then(|wallet| wallet.state.as_ref())
        .map(|state| state.info.default_address_type)
        .unwrap_or_default();
    let chosen = page.kind.unwrap_or(default);
    let can_make = model
        .wallet
        .as_ref()
        .and_then(|wallet| wallet.state.as_ref())
        .is_some_and(|state| state.info.can_get_addresses);
    let mut body = column![
        Element::from(
            Field::new("receive-label", &page.label)
                .label("Label")
                .placeholder("Who pays, or what for")
                .on_input(Message::Label)
                .on_submit(Message::Create),
        ),
        Element::from(
            Field::new("receive-amount", &page.amount)
                .label(format!("Amount, {unit}"))
                .placeholder("any")
                .on_input(Message::Amount)
                .on_submit(Message::Create)
                .error(problem.clone()),
        ),
        Element::from(
            Field::new("receive-message", &page.message)
                .label("Message")
                .placeholder("The payer sees this")
                .on_input(Message::Text)
                .on_submit(Message::Create),
        ),
    ]
    .spacing(size::S3);
    if kinds.len() > 1 {
        let choices = kinds
            .into_iter()
            .map(|kind| (kind, kind_words(kind).0.to_owned()));
        body = body.push(
            column![
                text::label("Type"),
                segments("receive-type", choices, chosen, Message::Kind),
                text::caption(kind_words(chosen).1),
            ]
            .spacing(size::S1),
        );
    }
    if let Some(error) = &page.error {
        body = body.push(text::caption(error).class(Tone::Bad));
    }
    let buttons = row![
        button_with(Icon::Plus, "New address", Press::Primary)
            .id("receive-create")
            .on_press_maybe(
                (can_make && !page.busy && problem.is_none()).then_some(Message::Create)
            ),
        button("Clear", Press::Secondary)
            .id("receive-clear")
            .on_press(Message::Clear),
    ]
    .spacing(size::S2);
    layout::card(body.push(buttons))
}

fn request<'a>(page: &'a Page) -> Element<'a, Message> {
    let content: Element<'a, Message> = match &page.shown {
        None => container(
            column![
                text::sized_icon(Icon::QrCode, size::ICON_LARGE).class(Tone::Faint),
                text::caption("The code of a request stands here.")
            ]
            .spacing(size::S2)
            .align_x(Alignment::Center),
        )
        .center(size::QR)
        .into(),
        Some(Shown {
            code: Some(code), ..
        }) => code_view(page, code),
        Some(Shown { code: None, .. }) => container(
            text::body("The link is too long for a QR code. Shorten the label or the message.")
                .class(Tone::Warn)
                .align_x(Alignment::Center),
        )
        .center(size::QR)
        .into(),
    };
    layout::card(container(content).center_x(Length::Fill))
}

/// The code with its context menu.
fn code_view<'a>(page: &'a Page, code: &'a qr::Code) -> Element<'a, Message> {
    let entries = vec![
        Entry::new(Icon::Link, "Copy link", Some(Message::CopyLink)),
        Entry::new(Icon::Copy, "Copy address", Some(Message::CopyAddress)),
        Entry::new(
            Icon::Image,
            "Save image…",
            page.saving.is_none().then_some(Message::SaveImage),
        ),
    ];
    let at = page.menu.filter(|(place, _)| *place == Place::Code);
    let at = at.map(|(_, point)| point);
    with_menu(qr::view(code), at, entries, Message::CloseMenu)
        .on_open(Message::CodeMenu)
        .into()
}

fn details<'a>(page: &'a Page, shown: &'a Shown, model: &'a Model) -> Element<'a, Message> {
    let (words, tone) = status(&shown.row);
    let mut body = column![
        row![
            text::label("Address"),
            space::horizontal(),
            layout::badge(words, tone)
        ]
        .align_y(Alignment::Center),
        address(&shown.row.address),
        text::caption(&shown.link).wrapping(iced::widget::text::Wrapping::Glyph),
    ]
    .spacing(size::S2);
    let amount = shown.row.amount.map_or_else(
        || "any".to_owned(),
        |amount| model.money().with_unit(amount),
    );
    let wallet = model.wallet.as_ref().map(|wallet| wallet.name.as_str());
    for (name, value) in [
        ("Amount", amount.as_str()),
        ("Label", &shown.row.label),
        ("Message", &shown.row.message),
        ("Wallet", wallet.unwrap_or_default()),
    ] {
        let value = if value.is_empty() { "–" } else { value };
        body = body.push(layout::pair(name, text::body(value.to_owned())));
    }
    let buttons = row![
        button_with(Icon::Link, "Copy link", Press::Secondary)
            .id("receive-copy-link")
            .on_press(Message::CopyLink),
        button_with(Icon::Copy, "Copy address", Press::Secondary)
            .id("receive-copy")
            .on_press(Message::CopyAddress),
        button_with(Icon::Image, "Save image", Press::Secondary)
            .id("receive-image")
            .on_press_maybe(shown.code.is_some().then_some(Message::SaveImage)),
    ]
    .spacing(size::S2)
    .wrap()
    .vertical_spacing(size::S2);
    body = body.push(container(buttons).padding(Padding::ZERO.top(size::S1)));
    if let Some(path) = &page.saving {
        let save = row![
            button("Choose…", Press::Secondary)
                .id("image-browse")
                .on_press(Message::Browse),
            button("Save", Press::Primary)
                .id("image-save")
                .on_press_maybe((!path.trim().is_empty()).then_some(Message::WriteImage)),
        ]
        .spacing(size::S2);
        body = body.push(Element::from(
            Field::new("image-path", path)
                .label("Save the picture as")
                .mono()
                .on_input(Message::ImagePath)
                .on_submit(Message::WriteImage)
                .after(save),
        ));
    }
    layout::card(body)
}

/// Whether an address was used, in words.
pub(super) fn status(row: &AddressRow) -> (&'static str, Tone) {
    match (row.payments, row.amount) {
        (0, _) => ("not used yet", Tone::Soft),
        (1, Some(amount)) if row.received < amount => ("paid in part", Tone::Warn),
        (1, _) => ("paid", Tone::Good),
        _ => ("used again", Tone::Warn),
    }
}

fn list<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let rows = page.rows(model);
    if rows.is_empty() {
        return layout::card(layout::empty(
            Icon::ArrowDownLeft,
            "No requests yet",
            "Make a new address above and give it to whoever pays you. Use each one once.",
            Vec::new(),
        ));
    }
    let count = rows.len();
    #[expect(clippy::cast_precision_loss, reason = "at most six")]
    let height = (count as f32).min(ROWS) * size::ROW + size::ROW_COMPACT;
    let list = responsive(move |place| {
        let columns = Columns::for_width(place.width);
        let heads = header(
            "requests-head",
            None,
            columns.heads(),
            page.sort,
            Message::Sort,
            None,
        );
        let rows = page.rows(model);
        let selected = page.selected.as_ref();
        let selected =
            selected.and_then(|address| rows.iter().position(|row| row.address == **address));
        let names: Vec<&str> = rows.iter().map(|row| row.label.as_str()).collect();
        let list = VirtualList::new("requests", count, size::ROW, move |place| {
            rows.get(place)
                .map_or_else(|| space().into(), |row| request_row(model, row, columns))
        })
        .under_header()
        .selected(selected)
        .find(move |place, letters| {
            let name = names.get(place);
            name.is_some_and(|name| name.to_lowercase().starts_with(letters))
        })
        .on_select(Message::Select)
        .on_copy(Message::CopyRow)
        .on_menu(Message::RowMenu)
        .on_key(|_, key, modifiers| match key {
            Key::Character(text) if modifiers.command() && modifiers.shift() => text
                .eq_ignore_ascii_case("c")
                .then_some(Message::Copy(What::Row)),
            _ => None,
        });
        column![heads, list].into()
    });
    let at = page.menu.filter(|(place, _)| *place == Place::Row);
    let at = at.map(|(_, point)| point);
    let menu = with_menu(list, at, entries(page), Message::CloseMenu);
    layout::titled_card(
        "Requests and addresses",
        container(Element::from(menu)).height(height),
    )
}

fn entries(page: &Page) -> Vec<Entry<Message>> {
    let Some(Shown { row, .. }) = &page.shown else {
        return Vec::new();
    };
    let copy = |there: bool, what| there.then_some(Message::Copy(what));
    vec![
        Entry::new(Icon::Link, "Copy link", copy(true, What::Link)),
        Entry::new(Icon::Copy, "Copy address", copy(true, What::Address)),
        Entry::new(
            Icon::Copy,
            "Copy label",
            copy(!row.label.is_empty(), What::Label),
        ),
        Entry::new(
            Icon::Copy,
            "Copy message",
            copy(!row.message.is_empty(), What::Message),
        ),
        Entry::new(
            Icon::Copy,
            "Copy amount",
            copy(row.amount.is_some(), What::Amount),
        ),
    ]
}

const DATE: f32 = 132.0;
const STATUS: f32 = 96.0;
const MONEY: f32 = 128.0;

/// Which columns there is room for.
#[derive(Debug, Clone, Copy)]
struct Columns {
    date: bool,
    message: bool,
    amount: bool,
}

impl Columns {
    fn for_width(width: f32) -> Self {
        Self {
            date: width > 520.0,
            message: width > 820.0,
            amount: width > 640.0,
        }
    }

    fn heads(self) -> Vec<Column<By>> {
        let mut heads = Vec::new();
        if self.date {
            heads.push(Column::new(Sort::down(By::Date), "made", DATE));
        }
        heads.push(Column::new(Sort::up(By::Label), "label", Length::Fill));
        if self.message {
            heads.push(Column::new(Sort::up(By::Message), "message", Length::Fill));
        }
        if self.amount {
            heads.push(Column::new(Sort::down(By::Amount), "amount", MONEY).right());
        }
        heads.push(Column::new(Sort::up(By::Status), "status", STATUS));
        heads.push(Column::new(Sort::down(By::Received), "received", MONEY).right());
        heads
    }
}

fn request_row<'a>(
    model: &'a Model,
    row: &'a AddressRow,
    columns: Columns,
) -> Element<'a, Message> {
    let (words, tone) = status(row);
    let name = if row.label.is_empty() {
        address::short(&row.address)
    } else {
        row.label.clone()
    };
    let used = row.payments > 0;
    let name_tone = if row.label.is_empty() || used {
        Tone::Soft
    } else {
        Tone::Main
    };
    let money = |amount: Option<primitives::Amount>| {
        let words = amount.map(|amount| model.money().number(amount));
        text::cut(words.unwrap_or_else(|| "–".to_owned()))
            .width(MONEY)
            .right()
    };
    let mut line = row![]
        .spacing(size::S3)
        .padding(Padding::from([0.0, size::S2]))
        .align_y(Alignment::Center)
        .height(Length::Fill);
    if columns.date {
        let date = model.zone.short(row.created, model.now);
        line = line.push(text::cut(date).class(Tone::Soft).width(DATE));
    }
    line = line.push(text::cut(name).class(name_tone).width(Length::Fill));
    if columns.message {
        let message = text::cut(&row.message).class(Tone::Soft);
        line = line.push(message.width(Length::Fill));
    }
    if columns.amount {
        line = line.push(money(row.amount).class(Tone::Soft));
    }
    line.push(text::cut(words).class(tone).width(STATUS))
        .push(money(used.then_some(row.received)).font(fonts::MEDIUM))
        .into()
}

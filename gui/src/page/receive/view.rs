//! How the Receive page looks.

use iced::widget::{column, container, responsive, row, space};
use iced::{Alignment, Length, Padding};
use ipc_schema::{AddressRow, AddressType};

use super::{Message, Page, Shown, requests};
use crate::Element;
use crate::model::Model;
use crate::theme::{Icon, Press, Tone, fonts, size};
use crate::widget::button::{button_with, segments};
use crate::widget::{Field, VirtualList, address, button, layout, qr, text};

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
        }) => qr::view(code),
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
    if let Some(amount) = shown.row.amount {
        body = body.push(layout::pair(
            "Amount",
            text::body(model.money().with_unit(amount)),
        ));
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
        let save = button("Save", Press::Primary)
            .id("image-save")
            .on_press(Message::WriteImage);
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
fn status(row: &AddressRow) -> (&'static str, Tone) {
    match (row.payments, row.amount) {
        (0, _) => ("not used yet", Tone::Soft),
        (1, Some(amount)) if row.received < amount => ("paid in part", Tone::Warn),
        (1, _) => ("paid", Tone::Good),
        _ => ("used again", Tone::Warn),
    }
}

fn list<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let rows: Vec<&AddressRow> = requests(model).collect();
    if rows.is_empty() {
        return layout::card(layout::empty(
            Icon::ArrowDownLeft,
            "No requests yet",
            "Make a new address above and give it to whoever pays you. Use each one once.",
            Vec::new(),
        ));
    }
    let count = rows.len();
    let list = VirtualList::new("requests", count, size::ROW, move |place| {
        rows.get(place)
            .map_or_else(|| space().into(), |row| request_row(model, row))
    })
    .selected(page.selected)
    .on_select(Message::Select)
    .on_copy(Message::CopyRow);
    #[expect(clippy::cast_precision_loss, reason = "at most six")]
    let height = (count as f32).min(ROWS) * size::ROW;
    layout::titled_card(
        "Requests and addresses",
        column![head(), container(Element::from(list)).height(height)].spacing(size::S1),
    )
}

const DATE: f32 = 132.0;
const STATUS: f32 = 96.0;
const MONEY: f32 = 132.0;

fn head<'a>() -> Element<'a, Message> {
    row![
        text::caption("made").width(DATE),
        text::caption("label").width(Length::Fill),
        text::caption("status").width(STATUS),
        text::caption("received")
            .width(MONEY)
            .align_x(Alignment::End),
    ]
    .spacing(size::S3)
    .padding(Padding::from([0.0, size::S2]))
    .into()
}

fn request_row<'a>(model: &'a Model, row: &'a AddressRow) -> Element<'a, Message> {
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
    let received = if used {
        model.money().number(row.received)
    } else {
        "–".to_owned()
    };
    row![
        text::line(model.zone.short(row.created, model.now))
            .class(Tone::Soft)
            .width(DATE),
        container(text::line(name).class(name_tone))
            .width(Length::Fill)
            .clip(true),
        text::line(words).class(tone).width(STATUS),
        text::line(received)
            .font(fonts::MEDIUM)
            .width(MONEY)
            .align_x(Alignment::End),
    ]
    .spacing(size::S3)
    .padding(Padding::from([0.0, size::S2]))
    .align_y(Alignment::Center)
    .height(Length::Fill)
    .into()
}

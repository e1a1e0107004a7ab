//! The rail: every page one click away, with words, folded to icons, or as a row at the bottom.

use iced::keyboard::{Key, Modifiers, key};
use iced::widget::{column, container, row, scrollable, space};
use iced::{Alignment, Length, Padding};

use super::{has_wallets, health};
use crate::Element;
use crate::app::{App, Message};
use crate::model::Model;
use crate::page::PageId;
use crate::theme::{Icon, Press, Surface, Tone, fonts, size};
use crate::widget::button::{helped, step};
use crate::widget::{layout, pressable, stop, text};

/// How wide the rail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rail {
    Full,
    Folded,
    Hidden,
}

pub(super) fn rail(app: &App, kind: Rail) -> Element<'_, Message> {
    let full = kind == Rail::Full;
    let name: Element<'_, Message> = if full {
        row![
            text::icon(Icon::Blocks).class(Tone::Accent),
            text::heading("bitq")
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center)
        .into()
    } else {
        text::icon(Icon::Blocks).class(Tone::Accent).into()
    };
    let name = container(name)
        .padding([0.0, size::S3])
        .height(size::TOP_BAR)
        .center_y(size::TOP_BAR);
    let mut groups = column![].spacing(2.0);
    let entries = |pages: &[PageId]| -> Vec<Element<'_, Message>> {
        pages.iter().map(|page| nav(app, *page, full)).collect()
    };
    if has_wallets(&app.model) {
        groups = groups.extend(entries(&PageId::WALLET)).push(gap());
    }
    groups = groups.extend(entries(&PageId::NODE));
    let foot = column(entries(&[PageId::Tasks, PageId::Settings])).spacing(2.0);
    // A low window scrolls the upper part; the lower one stays where it is. Over icons there is no room for a bar.
    let bar = if full {
        scrollable::Scrollbar::new()
            .width(size::SCROLL)
            .scroller_width(size::SCROLL)
    } else {
        scrollable::Scrollbar::hidden()
    };
    let upper = scrollable(groups)
        .id("rail")
        .direction(scrollable::Direction::Vertical(bar))
        .width(Length::Fill)
        .height(Length::Fill);
    let pages = stop("rail-pages", column![upper, foot].spacing(2.0), arrows(app));
    container(column![name, Element::from(pages)].spacing(2.0))
        .class(Surface::Chrome)
        .padding(Padding::new(size::S2).bottom(size::S3))
        .width(if full { size::RAIL } else { size::RAIL_FOLDED })
        .height(Length::Fill)
        .into()
}

/// The rail is one keyboard stop: arrows show the page before or after, Enter goes into it.
fn arrows(app: &App) -> impl Fn(&Key, Modifiers) -> Option<Message> + 'static {
    let wallets = has_wallets(&app.model);
    let pages: Vec<PageId> = PageId::ALL
        .into_iter()
        .filter(|page| wallets || !PageId::WALLET.contains(page))
        .collect();
    let current = app.page;
    move |key, _| {
        if matches!(key, Key::Named(key::Named::Enter)) {
            return Some(Message::Open(current));
        }
        let place = pages.iter().position(|page| *page == current)?;
        pages.get(step(key, place)?).copied().map(Message::Glance)
    }
}

fn gap<'a>() -> Element<'a, Message> {
    container(layout::hairline())
        .padding([size::S2, size::S1])
        .into()
}

fn nav(app: &App, page: PageId, full: bool) -> Element<'_, Message> {
    let selected = app.page == page;
    let mut line = row![text::icon(page.icon())]
        .spacing(size::S3)
        .align_y(Alignment::Center);
    if full {
        line = line.push(text::line(page.label()).font(fonts::MEDIUM));
        if let Some(count) = badge(&app.model, page) {
            line = line.push(space::horizontal()).push(count);
        }
    }
    let entry = pressable(line)
        .kind(Press::Nav { selected })
        .padding([0.0, size::S3])
        .height(size::ROW)
        .width(Length::Fill)
        .align(if full {
            Alignment::Start
        } else {
            Alignment::Center
        })
        .id(page.id())
        .skip_tab()
        .on_press(Message::Open(page));
    if full {
        entry.into()
    } else {
        helped(entry, page.label())
    }
}

fn badge<'a>(model: &Model, page: PageId) -> Option<Element<'a, Message>> {
    match page {
        PageId::Status => {
            let (tone, glyph) = health(model);
            Some(text::sized_icon(glyph, size::TEXT_SMALL).class(tone).into())
        }
        PageId::Tasks => {
            let count = model.running_tasks();
            (count > 0).then(|| layout::badge(count.to_string(), Tone::Accent))
        }
        _ => None,
    }
}

/// The rail of narrow windows: a row of icons at the bottom.
pub(super) fn bottom_rail(app: &App) -> Element<'_, Message> {
    let pages = PageId::ALL.iter().map(|page| {
        pressable(text::icon(page.icon()))
            .kind(Press::Nav {
                selected: app.page == *page,
            })
            .padding(0.0)
            .width(Length::Fill)
            .height(size::ROW)
            .id(page.id())
            .skip_tab()
            .on_press(Message::Open(*page))
            .into()
    });
    container(stop("rail-pages", row(pages), arrows(app)))
        .class(Surface::Chrome)
        .padding(size::S1)
        .width(Length::Fill)
        .into()
}

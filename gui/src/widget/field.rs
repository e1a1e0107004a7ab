//! A text field with its label over it and a sentence under it.

use iced::widget::{Id, column, row, text_input};
use iced::{Alignment, Font, Length};

use super::keys::{Scope, keys};
use super::text;
use crate::Element;
use crate::theme::style::FieldState;
use crate::theme::{Theme, Tone, fonts, size};

type OnInput<'a, Message> = Box<dyn Fn(String) -> Message + 'a>;

/// A text field; see the module.
pub struct Field<'a, Message> {
    id: Id,
    label: Option<String>,
    value: &'a str,
    placeholder: &'a str,
    on_input: Option<OnInput<'a, Message>>,
    on_submit: Option<Message>,
    note: Option<(String, Tone)>,
    wrong: bool,
    secure: bool,
    slim: bool,
    font: Font,
    width: Length,
    after: Option<Element<'a, Message>>,
}

impl<'a, Message: Clone + 'a> Field<'a, Message> {
    /// Makes a field that shows `value`; `id` names it for focus and tests.
    pub fn new(id: impl Into<Id>, value: &'a str) -> Self {
        Self {
            id: id.into(),
            label: None,
            value,
            placeholder: "",
            on_input: None,
            on_submit: None,
            note: None,
            wrong: false,
            secure: false,
            slim: false,
            font: fonts::TEXT,
            width: Length::Fill,
            after: None,
        }
    }

    /// The words over the field.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The pale words in an empty field.
    pub fn placeholder(mut self, placeholder: &'a str) -> Self {
        self.placeholder = placeholder;
        self
    }

    /// What typing does; without it the field is read only.
    pub fn on_input(mut self, on_input: impl Fn(String) -> Message + 'a) -> Self {
        self.on_input = Some(Box::new(on_input));
        self
    }

    /// What Enter does.
    pub fn on_submit(mut self, message: Message) -> Self {
        self.on_submit = Some(message);
        self
    }

    /// A hint under the field.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.note.get_or_insert((hint.into(), Tone::Faint));
        self
    }

    /// A remark with a tone under the field.
    pub fn note(mut self, note: impl Into<String>, tone: Tone) -> Self {
        self.note = Some((note.into(), tone));
        self
    }

    /// What is wrong with the value, if anything; hides a hint.
    pub fn error(mut self, error: Option<impl Into<String>>) -> Self {
        if let Some(error) = error {
            self.note = Some((error.into(), Tone::Bad));
            self.wrong = true;
        }
        self
    }

    /// Shows dots in place of the value.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Makes the field low enough for a row of a list.
    pub fn slim(mut self) -> Self {
        self.slim = true;
        self
    }

    /// Shows the value in the fixed-pitch font.
    pub fn mono(mut self) -> Self {
        self.font = fonts::MONO;
        self
    }

    /// The width.
    pub fn width(mut self, width: impl Into<Length>) -> Self {
        self.width = width.into();
        self
    }

    /// A control to the right of the field.
    pub fn after(mut self, after: impl Into<Element<'a, Message>>) -> Self {
        self.after = Some(after.into());
        self
    }
}

impl<'a, Message: Clone + 'a> From<Field<'a, Message>> for Element<'a, Message> {
    fn from(field: Field<'a, Message>) -> Self {
        let mut input: iced::widget::TextInput<'a, Message, Theme> =
            text_input(field.placeholder, field.value)
                .id(field.id)
                .size(size::TEXT)
                .font(field.font)
                .secure(field.secure)
                .padding(if field.slim {
                    [1.0, size::S2]
                } else {
                    [size::S2 - 1.0, size::S3]
                })
                .width(Length::Fill)
                .class(if field.wrong {
                    FieldState::Wrong
                } else {
                    FieldState::Normal
                });
        if let Some(on_input) = field.on_input {
            input = input.on_input(on_input);
        }
        if let Some(on_submit) = field.on_submit {
            input = input.on_submit(on_submit);
        }
        let input = keys(Scope::WithoutAlt, input, |_, _| None);
        let mut line = row![input].spacing(size::S2).align_y(Alignment::Center);
        if let Some(after) = field.after {
            line = line.push(after);
        }
        let mut block = column![].spacing(size::S1).width(field.width);
        if let Some(label) = field.label {
            block = block.push(text::label(label));
        }
        block = block.push(line);
        if let Some((note, tone)) = field.note {
            block = block.push(text::caption(note).class(tone));
        }
        block.into()
    }
}

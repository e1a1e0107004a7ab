//! Tasks: everything that takes longer than a second.

use iced::widget::{column, container, row};
use iced::{Alignment, Length, Task};
use ipc_schema::{IpcError, Task as Work, TaskState};

use super::{Context, Event, Update, words};
use crate::Element;
use crate::model::{Model, clock};
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::{button, layout, text};

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// Cancel a task; whether it is the wallet's.
    Cancel(u64, bool),
    /// It was told, or could not be.
    Cancelled(Result<(), IpcError>),
}

/// Handles a message.
pub fn update(message: Message, context: &Context<'_>) -> Update<Message> {
    match message {
        Message::Cancel(id, true) => {
            let wallet = context.link.wallet();
            let call = async move { wallet?.cancel_task(id).await };
            Update::task(Task::perform(call, Message::Cancelled))
        }
        Message::Cancel(id, false) => {
            let node = context.link.node();
            let call = async move { node?.cancel_task(id).await };
            Update::task(Task::perform(call, Message::Cancelled))
        }
        Message::Cancelled(Ok(())) => Update::none(),
        Message::Cancelled(Err(error)) => Update::event(Event::Notify(Tone::Bad, words(&error))),
    }
}

/// Draws the page.
pub fn view(model: &Model) -> Element<'_, Message> {
    let tasks = model.tasks();
    let blocks = if tasks.is_empty() {
        vec![layout::card(layout::empty(
            Icon::ListChecks,
            "Nothing is going on",
            "Rescans, backups and other long work appear here, with their progress and a way to stop them.",
            Vec::new(),
        ))]
    } else {
        tasks
            .into_iter()
            .map(|task| task_card(model, task))
            .collect()
    };
    layout::page("tasks", layout::page_title("Tasks"), blocks)
}

fn task_card<'a>(model: &'a Model, task: &'a Work) -> Element<'a, Message> {
    let (icon, tone) = match &task.state {
        TaskState::Running => (Icon::Loader, Tone::Accent),
        TaskState::Waiting => (Icon::Hourglass, Tone::Warn),
        TaskState::Done => (Icon::CircleCheck, Tone::Good),
        TaskState::Failed(_) => (Icon::CircleAlert, Tone::Bad),
        TaskState::Cancelled => (Icon::Ban, Tone::Faint),
    };
    let time = match task.finished {
        Some(finished) => model.zone.short(finished, model.now),
        None => match task.progress {
            Some(progress) => {
                let percent = format!("{:.0} %", progress * 100.0);
                match model.task_paces.words(task, model.now) {
                    Some(left) => format!("{percent}, {left}"),
                    None => percent,
                }
            }
            None => clock::duration(model.now - task.started),
        },
    };
    // What is over does not go on.
    let title = if task.is_over() {
        task.title.trim_end_matches('…')
    } else {
        &task.title
    };
    let head = row![
        text::icon(icon).class(tone),
        container(text::strong(title)).width(Length::Fill),
        text::caption(time),
    ]
    .spacing(size::S3)
    .align_y(Alignment::Center);
    let mut body = column![head].spacing(size::S2);
    if let (false, Some(progress)) = (task.is_over(), task.progress) {
        body = body.push(layout::progress(progress, tone));
    }
    let detail = match &task.state {
        TaskState::Failed(reason) => reason.as_str(),
        TaskState::Cancelled if task.detail.is_empty() => "Ended on request.",
        _ => &task.detail,
    };
    if !detail.is_empty() {
        body = body.push(text::body(detail).class(Tone::Soft));
    }
    if task.cancellable && !task.is_over() {
        let of_wallet = !model
            .node_tasks
            .iter()
            .any(|other| std::ptr::eq(other, task));
        let cancel = button("Cancel", Press::Secondary)
            .id(format!("cancel-{}", task.id))
            .on_press(Message::Cancel(task.id, of_wallet));
        body = body.push(
            row![cancel, text::caption(&task.cancel_note)]
                .spacing(size::S3)
                .align_y(Alignment::Center),
        );
    }
    layout::card(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Prefs;
    use primitives::{ChainParams, Coin, Network};

    #[test]
    fn a_task_that_is_over_does_not_go_on() {
        let params = ChainParams::get(Coin::Bitcoin, Network::Main);
        let mut model = Model::new(params, Prefs::default(), 0);
        let mut shows = |state: TaskState, title: &str| {
            model.node_tasks = vec![Work {
                title: "Importing blocks…".to_owned(),
                state,
                ..Work::default()
            }];
            iced_test::simulator(view(&model)).find(title).is_ok()
        };
        assert!(shows(TaskState::Running, "Importing blocks…"));
        assert!(shows(TaskState::Done, "Importing blocks"));
        assert!(shows(TaskState::Cancelled, "Importing blocks"));
    }
}

//! A draft as it is kept for the next start: what was typed, and nothing secret.

use serde_json::{Value, json};

use super::{FeeChoice, Form, RecipientForm};

/// Most recipients of a draft that are read back.
const RECIPIENTS: usize = 100;

impl Form {
    /// The draft for the window's file.
    pub fn to_json(&self) -> Value {
        let recipients: Vec<Value> = self
            .recipients
            .iter()
            .map(|row| {
                json!({
                    "address": row.address,
                    "label": row.label,
                    "amount": row.amount,
                    "unit": row.unit,
                    "all": row.all,
                    "subtract_fee": row.subtract_fee,
                    "message": row.message,
                })
            })
            .collect();
        let rate = match self.fee {
            FeeChoice::Default => "",
            _ => self.rate.as_str(),
        };
        json!({"recipients": recipients, "rate": rate, "final": self.is_final})
    }

    /// Reads a draft back; what is missing stays empty.
    pub fn from_json(value: &Value) -> Self {
        let recipients = value.get("recipients").and_then(Value::as_array);
        let rows = recipients.map(Vec::as_slice).unwrap_or_default();
        let recipients = rows.iter().take(RECIPIENTS).map(recipient).collect();
        let rate = value.get("rate").and_then(Value::as_str);
        let rate = rate.unwrap_or_default().to_owned();
        Self {
            recipients,
            fee: if rate.is_empty() {
                FeeChoice::Default
            } else {
                FeeChoice::Rate
            },
            rate,
            is_final: value.get("final").and_then(Value::as_bool) == Some(true),
            ..Self::default()
        }
    }
}

fn recipient(value: &Value) -> RecipientForm {
    let text = |key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let flag = |key: &str| value.get(key).and_then(Value::as_bool) == Some(true);
    let unit = value.get("unit").and_then(Value::as_u64);
    RecipientForm {
        address: text("address"),
        label: text("label"),
        amount: text("amount"),
        unit: unit
            .and_then(|unit| usize::try_from(unit).ok())
            .unwrap_or(0),
        all: flag("all"),
        subtract_fee: flag("subtract_fee"),
        message: text("message"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_reads_back_without_its_coins() {
        let form = Form {
            recipients: vec![
                RecipientForm {
                    address: "a".to_owned(),
                    label: "Rent".to_owned(),
                    amount: "0.5".to_owned(),
                    unit: 2,
                    ..RecipientForm::default()
                },
                RecipientForm {
                    all: true,
                    subtract_fee: true,
                    message: "Thanks".to_owned(),
                    ..RecipientForm::default()
                },
            ],
            fee: FeeChoice::Rate,
            rate: "7.5".to_owned(),
            is_final: true,
            ..Form::default()
        };
        assert_eq!(Form::from_json(&form.to_json()), form);
        assert_eq!(Form::from_json(&json!({"recipients": 3})), Form::default());
        assert_eq!(
            Form::from_json(&json!({"recipients": [7]}))
                .recipients
                .len(),
            1
        );
    }
}

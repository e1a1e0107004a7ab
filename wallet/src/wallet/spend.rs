//! Making payments: prepare, then sign and store (Core's `CreateTransactionInternal`).

use keys::descriptor::OutputType;
use primitives::address::Destination;
use primitives::encode::{SizeCounter, compact_size_len};
use primitives::transaction::TxData;
use primitives::{Amount, FeeRate, OutPoint, Script, TxIn, TxOut};

use super::Wallet;
use crate::WalletError;
use crate::coin_selection::{CHANGE_LOWER, CHANGE_UPPER, Randomness, Target};
use crate::scriptpubkeyman::DescriptorId;

mod choose;
mod commit;
mod error;
mod group;
mod plan;
mod prepare;
mod size;

pub use error::SpendError;
pub use plan::{FeeReason, Rate, SpendPlan, rate_text};

use size::{dust_threshold, input_weight, signed_weight};

/// How long a prepared payment keeps its coins, in seconds.
const RESERVED_SECONDS: i64 = 600;
/// Sequence number that signals replaceability (BIP125).
const SEQUENCE_RBF: u32 = 0xffff_fffd;
/// Sequence number that allows a lock time and signals nothing.
const SEQUENCE_NONFINAL: u32 = 0xffff_fffe;
/// Size taken for spending change whose kind is not known: sh(wpkh).
const DEFAULT_CHANGE_SPEND_VSIZE: u64 = 91;
/// A tip older than this hides nothing about when a payment was made, in seconds.
const SNIPING_AGE: i64 = 8 * 3600;

/// Who gets how much.
#[derive(Clone, Debug)]
pub struct Payee {
    /// To whom.
    pub destination: Destination,
    /// How much; `None` for all that is left.
    pub amount: Option<Amount>,
    /// Whether the fee is taken from it.
    pub subtract_fee: bool,
    /// A label for the address.
    pub label: String,
}

/// Where change stands among the outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangePosition {
    /// Anywhere.
    #[default]
    Random,
    /// At this place.
    At(usize),
}

/// What is to be paid, and how.
#[derive(Clone, Debug, Default)]
pub struct Payment {
    /// To whom.
    pub payees: Vec<Payee>,
    /// Rate; `None` for the node's estimate.
    pub fee_rate: Option<FeeRate>,
    /// Coins that must be spent.
    pub coins: Vec<OutPoint>,
    /// Whether coins may be added to those.
    pub other_coins: bool,
    /// Where change goes.
    pub change: Option<Destination>,
    /// Kind of a new address for change.
    pub change_type: Option<OutputType>,
    /// Where change stands.
    pub change_position: ChangePosition,
    /// Whether it can be replaced (BIP125).
    pub replaceable: Option<bool>,
    /// Whether coins on addresses that were spent from may be chosen.
    pub include_used: bool,
    /// Whether unconfirmed coins of others may be chosen.
    pub include_unsafe: bool,
    /// Fewest confirmations of chosen coins.
    pub min_depth: i32,
    /// Lock time.
    pub lock_time: Option<u32>,
    /// A note.
    pub comment: String,
    /// A note about the payee.
    pub comment_to: String,
    /// Whether all coins of an address are spent together.
    pub together: bool,
    /// Whether it waits for a person, so that another payment may take its coins.
    pub preview: bool,
}

/// A payment that waits for a yes.
#[derive(Clone, Debug)]
pub struct PreparedTx {
    /// Names it.
    pub id: u64,
    /// The transaction without proofs.
    pub tx: TxData,
    /// The coins it spends, in order.
    pub spent: Vec<TxOut>,
    /// The fee.
    pub fee: Amount,
    /// The rate that was aimed at.
    pub rate: FeeRate,
    /// Where that comes from.
    pub reason: FeeReason,
    /// Whether it waits for a person, so that another payment may take its coins.
    pub preview: bool,
    /// Weight once signed.
    pub weight: u64,
    /// Place of the change.
    pub change: Option<usize>,
    /// Labels of the payees, in the order of the payment.
    pub labels: Vec<(Destination, String)>,
    /// A note.
    pub comment: String,
    /// A note about the payee.
    pub comment_to: String,
    /// When the reservation ends.
    pub expires: i64,
    /// The change address, to give back.
    change_key: Option<(DescriptorId, i32)>,
}

impl PreparedTx {
    /// Virtual bytes once signed.
    pub const fn vsize(&self) -> u64 {
        self.weight.div_ceil(4)
    }
}

/// How coins are chosen.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// All coins of an address together.
    together: bool,
    /// Coins of previews, too.
    take_previews: bool,
}

/// Numbers that the choice of coins needs.
struct Sums {
    rate: FeeRate,
    target: Target,
}

fn encoded_size(output: &TxOut) -> u64 {
    let mut counter = SizeCounter::default();
    output.encode(&mut counter);
    counter.0 as u64
}

impl Wallet {
    fn check_payees(&self, payment: &Payment, plan: &SpendPlan) -> Result<(), SpendError> {
        if payment.payees.is_empty() {
            return Err(SpendError::NoRecipient);
        }
        if payment
            .payees
            .iter()
            .filter(|payee| payee.amount.is_none())
            .count()
            > 1
        {
            return Err(SpendError::BadAmount);
        }
        let mut sum = Amount::ZERO;
        for payee in &payment.payees {
            let Some(amount) = payee.amount else { continue };
            if !amount.in_range(self.params.max_money) {
                return Err(SpendError::BadAmount);
            }
            sum += amount;
            if !sum.in_range(self.params.max_money) {
                // More than there can be.
                return Err(SpendError::Insufficient);
            }
            let output = TxOut {
                value: amount,
                script_pubkey: payee.destination.to_script(),
            };
            if amount < dust_threshold(&output, plan.dust) {
                return Err(SpendError::Dust);
            }
        }
        Ok(())
    }

    /// The script for change, and the key to give back where it is not needed.
    fn change_script(
        &mut self,
        payment: &Payment,
    ) -> (Result<Script, String>, Option<(DescriptorId, i32)>) {
        if let Some(destination) = &payment.change {
            return (Ok(destination.to_script()), None);
        }
        let kind = self.change_kind(payment);
        match self.transact(|this| this.next_address(kind, true)) {
            Ok(destination) => {
                let script = destination.to_script();
                let key = self
                    .owner_of(&script)
                    .map(|(manager, index)| (manager.id, index));
                (Ok(script), key)
            }
            Err(error) => (Err(error.to_string()), None),
        }
    }

    fn return_change(&mut self, key: Option<(DescriptorId, i32)>) -> Result<(), WalletError> {
        let Some((id, index)) = key else {
            return Ok(());
        };
        self.transact(|this| {
            let (params, batch) = (this.params, &mut this.batch);
            if let Some(manager) = this.managers.get_mut(&id) {
                manager.return_address(index, params, batch);
            }
            Ok(())
        })
    }

    /// The kind of change that tells least (Core's `TransactionChangeType`).
    fn change_kind(&self, payment: &Payment) -> OutputType {
        if let Some(kind) = payment.change_type.or(self.options.change_type) {
            return kind;
        }
        if self.options.address_type == OutputType::Legacy {
            return OutputType::Legacy;
        }
        let paid = |wanted: fn(&Destination) -> bool| {
            payment
                .payees
                .iter()
                .any(|payee| wanted(&payee.destination))
        };
        let order = [
            (
                OutputType::Bech32m,
                paid(|d| matches!(d, Destination::WitnessV1Taproot(_))),
            ),
            (
                OutputType::Bech32,
                paid(|d| matches!(d, Destination::WitnessV0KeyHash(_))),
            ),
            (
                OutputType::P2shSegwit,
                paid(|d| matches!(d, Destination::ScriptHash(_))),
            ),
            (
                OutputType::Legacy,
                paid(|d| matches!(d, Destination::PubKeyHash(_))),
            ),
            (OutputType::Bech32m, true),
            (OutputType::Bech32, true),
        ];
        order
            .into_iter()
            .find(|(kind, fits)| *fits && self.internal.contains_key(kind))
            .map_or(self.options.address_type, |(kind, _)| kind)
    }

    fn sums(
        &self,
        payment: &Payment,
        plan: &SpendPlan,
        rate: FeeRate,
        change: &Script,
        rng: &mut Randomness,
    ) -> Sums {
        let outputs: u64 = payment
            .payees
            .iter()
            .map(|payee| TxOut {
                value: payee.amount.unwrap_or_default(),
                script_pubkey: payee.destination.to_script(),
            })
            .map(|output| encoded_size(&output))
            .sum();
        // Version, lock time, number of inputs, and the marks of a witness.
        let base_vsize = 10 + compact_size_len(payment.payees.len() as u64) as u64 + outputs;
        let change_output = TxOut {
            value: Amount::ZERO,
            script_pubkey: change.clone(),
        };
        let change_spend = self
            .solving_keys(change)
            .and_then(|keys| input_weight(change, &keys))
            .map_or(DEFAULT_CHANGE_SPEND_VSIZE, |weight| weight.div_ceil(4));
        let discard = self.options.discard_fee.max(plan.dust);
        let change_fee = rate.fee(encoded_size(&change_output));
        let subtract_fee = payment.payees.iter().any(|payee| payee.subtract_fee);
        let paid: Amount = payment.payees.iter().filter_map(|payee| payee.amount).sum();
        let average = paid.sat() / i64::try_from(payment.payees.len().max(1)).unwrap_or(1);
        let spend_fee = discard.fee(change_spend);
        let fee = if subtract_fee {
            Amount::ZERO
        } else {
            rate.fee(base_vsize)
        };
        Sums {
            rate,
            target: Target {
                amount: paid + fee,
                change_fee,
                cost_of_change: change_fee + spend_fee,
                min_viable_change: (spend_fee + Amount::from_sat(1))
                    .max(dust_threshold(&change_output, discard)),
                change_target: change_fee + change_target(average, rng),
                subtract_fee,
                // The marks of a witness, and of more inputs than one byte can count.
                max_weight: u64::from(self.params.policy.max_standard_tx_weight)
                    .saturating_sub(base_vsize * 4 + 12),
                change_weight: encoded_size(&change_output) * 4,
                grind: rate.sat_per_kvb()
                    > self.options.consolidate_fee.sat_per_kvb().saturating_mul(3),
            },
        }
    }

    fn build(
        &self,
        payment: &Payment,
        plan: &SpendPlan,
        rate: Rate,
        change_script: &Script,
        way: Way,
        rng: &mut Randomness,
    ) -> Result<PreparedTx, WalletError> {
        let Rate { rate, reason } = rate;
        let sums = self.sums(payment, plan, rate, change_script, rng);
        let (mut coins, selection) = self.choose(payment, plan, &sums, way, rng)?;
        if coins.is_empty() {
            return Err(SpendError::Insufficient.into());
        }
        rng.shuffle(&mut coins);
        let replaceable = payment.replaceable.unwrap_or(self.options.signal_rbf);
        let sequence = if replaceable {
            SEQUENCE_RBF
        } else {
            SEQUENCE_NONFINAL
        };
        let (outputs, change) = outputs(payment, selection.change, change_script, rng)?;
        let mut tx = TxData {
            version: 2,
            inputs: coins
                .iter()
                .map(|coin| TxIn::unsigned(coin.outpoint, sequence))
                .collect(),
            outputs,
            lock_time: payment
                .lock_time
                .unwrap_or_else(|| self.sniping_lock_time(plan, rng)),
        };
        let spent: Vec<TxOut> = coins.into_iter().map(|coin| coin.output).collect();
        let weight = self.weight_of(&tx, &spent)?;
        let fee = settle(
            &mut tx,
            &spent,
            payment,
            change,
            rate.fee(weight.div_ceil(4)),
            plan.dust,
        )?;
        self.check_limits(fee, weight, plan)?;
        Ok(PreparedTx {
            id: 0,
            tx,
            spent,
            fee,
            rate,
            reason,
            preview: payment.preview,
            weight,
            change,
            labels: payment
                .payees
                .iter()
                .map(|payee| (payee.destination.clone(), payee.label.clone()))
                .collect(),
            comment: payment.comment.clone(),
            comment_to: payment.comment_to.clone(),
            expires: plan.now + RESERVED_SECONDS,
            change_key: None,
        })
    }

    fn weight_of(&self, tx: &TxData, spent: &[TxOut]) -> Result<u64, SpendError> {
        let inputs: Option<Vec<u64>> = spent
            .iter()
            .map(|output| {
                let keys = self.solving_keys(&output.script_pubkey)?;
                input_weight(&output.script_pubkey, &keys)
            })
            .collect();
        Ok(signed_weight(tx, &inputs.ok_or(SpendError::NoSize)?))
    }

    fn check_limits(&self, fee: Amount, weight: u64, plan: &SpendPlan) -> Result<(), SpendError> {
        if weight > u64::from(self.params.policy.max_standard_tx_weight) {
            return Err(SpendError::TooLarge);
        }
        let most = plan
            .max_fee
            .map_or(self.options.max_fee, |max| max.min(self.options.max_fee));
        if fee > most {
            return Err(SpendError::FeeTooHigh);
        }
        Ok(())
    }

    /// The lock time that keeps miners from mining a payment again in place of others (Core's
    /// `DiscourageFeeSniping`).
    fn sniping_lock_time(&self, plan: &SpendPlan, rng: &mut Randomness) -> u32 {
        let recent = !plan.initial_download && plan.tip_time >= plan.now - SNIPING_AGE;
        let Some((_, height)) = self.best.filter(|_| recent) else {
            return 0;
        };
        // Now and then further back, so that payments that were late are not told apart.
        if rng.below(10) == 0 {
            height.saturating_sub(u32::try_from(rng.below(100)).unwrap_or(0))
        } else {
            height
        }
    }
}

/// The outputs, with that for change among them; gives the place of that.
fn outputs(
    payment: &Payment,
    change: Amount,
    change_script: &Script,
    rng: &mut Randomness,
) -> Result<(Vec<TxOut>, Option<usize>), SpendError> {
    let mut outputs: Vec<TxOut> = payment
        .payees
        .iter()
        .map(|payee| TxOut {
            value: payee.amount.unwrap_or_default(),
            script_pubkey: payee.destination.to_script(),
        })
        .collect();
    if change <= Amount::ZERO {
        return Ok((outputs, None));
    }
    let place = match payment.change_position {
        ChangePosition::Random => usize::try_from(rng.below(outputs.len() as u64 + 1)).unwrap_or(0),
        ChangePosition::At(place) if place > outputs.len() => {
            return Err(SpendError::ChangePosition);
        }
        ChangePosition::At(place) => place,
    };
    let output = TxOut {
        value: change,
        script_pubkey: change_script.clone(),
    };
    outputs.insert(place, output);
    Ok((outputs, Some(place)))
}

/// Change aimed at: near the payments, so that neither stands out (Core's `GenerateChangeTarget`).
fn change_target(payment: i64, rng: &mut Randomness) -> Amount {
    let lower = CHANGE_LOWER.sat();
    if payment <= lower / 2 {
        return CHANGE_LOWER;
    }
    let upper = payment.saturating_mul(2).min(CHANGE_UPPER.sat());
    let span = u64::try_from(upper - lower).unwrap_or(0);
    Amount::from_sat(lower + i64::try_from(rng.below(span)).unwrap_or(0))
}

/// Balances inputs, outputs and the fee; gives the fee that is paid.
fn settle(
    tx: &mut TxData,
    spent: &[TxOut],
    payment: &Payment,
    change: Option<usize>,
    needed: Amount,
    dust: FeeRate,
) -> Result<Amount, SpendError> {
    let value_in: Amount = spent.iter().map(|output| output.value).sum();
    let places = (0..tx.outputs.len()).filter(|place| Some(*place) != change);
    let payees: Vec<(usize, &Payee)> = places.zip(&payment.payees).collect();
    let bearers: Vec<usize> = payees
        .iter()
        .filter(|(_, payee)| payee.subtract_fee)
        .map(|(place, _)| *place)
        .collect();
    let mut paid = value_in - tx.value_out();
    if let Some((place, _)) = payees.iter().find(|(_, payee)| payee.amount.is_none()) {
        // Whoever gets the rest bears the fee.
        let output = &mut tx.outputs[*place];
        output.value += paid - needed;
        if output.value <= Amount::ZERO {
            return Err(SpendError::Insufficient);
        }
        if output.value < dust_threshold(output, dust) {
            return Err(SpendError::DustAfterFee);
        }
        return Ok(needed);
    }
    if let Some(place) = change
        && paid > needed
    {
        tx.outputs[place].value += paid - needed;
        paid = needed;
    }
    if !bearers.is_empty() {
        let reduce = (needed - paid).sat();
        let count = i64::try_from(bearers.len()).unwrap_or(1);
        for (i, place) in bearers.iter().enumerate() {
            let output = &mut tx.outputs[*place];
            let rest = if i == 0 { reduce % count } else { 0 };
            output.value -= Amount::from_sat(reduce / count + rest);
            if output.value < Amount::ZERO {
                return Err(SpendError::TooSmallForFee);
            }
            if output.value < dust_threshold(output, dust) {
                return Err(SpendError::DustAfterFee);
            }
        }
        paid = needed;
    }
    if paid < needed {
        Err(SpendError::Insufficient)
    } else {
        Ok(paid)
    }
}

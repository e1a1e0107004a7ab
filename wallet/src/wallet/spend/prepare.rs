//! Preparing a payment: which of the possible ones it is, and what gives way to it.

use primitives::Script;

use super::{Payment, PreparedTx, Rate, SpendError, SpendPlan, Way};
use crate::WalletError;
use crate::coin_selection::Randomness;
use crate::wallet::Wallet;

/// Most prepared payments of a wallet; the oldest gives way.
const MAX_PREPARED: usize = 32;

impl Wallet {
    /// Chooses coins and makes the transaction without proofs. Its coins are reserved until it is
    /// sent, dropped or too old.
    ///
    /// # Errors
    /// [`WalletError::Spend`] with what is wrong, or where the file cannot be written.
    pub fn prepare(
        &mut self,
        payment: &Payment,
        plan: &SpendPlan,
    ) -> Result<PreparedTx, WalletError> {
        self.forget_expired(plan.now);
        let mut rng = Randomness::from_seed(plan.seed);
        self.check_payees(payment, plan)?;
        let rate = self.rate_for(payment.fee_rate, plan)?;
        let (change_script, change_key) = self.change_script(payment);
        let script = change_script.clone().unwrap_or_default();
        let made = self.build_best(payment, plan, rate, &script, &mut rng);
        let give_back = |this: &mut Self| this.return_change(change_key);
        let mut prepared = match made {
            Ok(prepared) => prepared,
            Err(error) => {
                give_back(self)?;
                return Err(error);
            }
        };
        match (prepared.change, change_script) {
            (Some(_), Err(reason)) => return Err(SpendError::NoChangeAddress(reason).into()),
            (Some(_), Ok(_)) => prepared.change_key = change_key,
            (None, _) => give_back(self)?,
        }
        prepared.id = rng.next() >> 1;
        self.make_room(&prepared)?;
        self.prepared.insert(prepared.id, prepared.clone());
        self.changes.coins = true;
        Ok(prepared)
    }

    /// Drops previews whose coins a new payment takes, and the oldest payments where there are too many.
    fn make_room(&mut self, new: &PreparedTx) -> Result<(), WalletError> {
        let takes = |old: &PreparedTx| {
            let mut inputs = old.tx.inputs.iter();
            inputs.any(|input| new.tx.inputs.iter().any(|i| i.prevout == input.prevout))
        };
        let taken: Vec<u64> = self
            .prepared
            .values()
            .filter(|p| takes(p))
            .map(|p| p.id)
            .collect();
        for id in taken {
            self.discard(id)?;
        }
        while self.prepared.len() >= MAX_PREPARED {
            let oldest = self
                .prepared
                .values()
                .min_by_key(|p| p.expires)
                .map(|p| p.id);
            self.discard(oldest.unwrap_or_default())?;
        }
        Ok(())
    }

    /// Makes the transaction from coins that nothing holds, or else from those of previews, too.
    fn build_best(
        &self,
        payment: &Payment,
        plan: &SpendPlan,
        rate: Rate,
        change_script: &Script,
        rng: &mut Randomness,
    ) -> Result<PreparedTx, WalletError> {
        let way = |take_previews| Way {
            together: payment.together || self.options.avoid_partial_spends,
            take_previews,
        };
        let mut build = |way| self.build_fairly(payment, plan, rate, change_script, way, rng);
        let made = build(way(false));
        // Whoever reviews a payment has not decided: the one that is made now goes first.
        let previews = self.prepared.values().any(|prepared| prepared.preview);
        match made {
            Err(WalletError::Spend(error)) if previews => {
                build(way(true)).map_err(|_| error.into())
            }
            made => made,
        }
    }

    /// Makes the transaction, and spends coins of one address together where that costs little more
    /// (`-maxapsfee`).
    fn build_fairly(
        &self,
        payment: &Payment,
        plan: &SpendPlan,
        rate: Rate,
        change_script: &Script,
        way: Way,
        rng: &mut Randomness,
    ) -> Result<PreparedTx, WalletError> {
        let made = self.build(payment, plan, rate, change_script, way, rng)?;
        let Some(more) = self.options.max_aps_fee.filter(|_| !way.together) else {
            return Ok(made);
        };
        let way = Way {
            together: true,
            ..way
        };
        match self.build(payment, plan, rate, change_script, way, rng) {
            Ok(together) if together.fee <= made.fee + more => Ok(together),
            _ => Ok(made),
        }
    }
}

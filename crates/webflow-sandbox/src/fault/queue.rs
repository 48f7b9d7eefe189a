//! Which rule hits a request.

use fastrand::Rng;

use super::kind::Fault;
use super::rule::{MILLION, Repeat, Rule};
use crate::request::Operation;

/// The rules that are not used up, oldest first.
pub(crate) struct RuleQueue {
    waiting: Vec<Waiting>,
    seeds: Rng,
}

struct Waiting {
    rule: Rule,
    /// Its own, so that what a rule draws does not depend on the requests to other operations.
    draws: Rng,
}

impl RuleQueue {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            waiting: Vec::new(),
            seeds: Rng::with_seed(seed),
        }
    }

    pub(crate) fn add(&mut self, rule: Rule) {
        let draws = self.seeds.fork();
        if !matches!(rule.repeat, Repeat::Times(0) | Repeat::Chance(0)) {
            self.waiting.push(Waiting { rule, draws });
        }
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn all(&self) -> Vec<Rule> {
        self.waiting
            .iter()
            .map(|waiting| waiting.rule.clone())
            .collect()
    }

    /// What hits a request to `operation`: the first rule that does not leave it to chance, or else the first that is
    /// lucky.
    pub(crate) fn hit(&mut self, operation: Operation) -> Option<Fault> {
        let hits = |waiting: &Waiting| waiting.rule.operation == operation;
        let sure = |waiting: &Waiting| hits(waiting) && waiting.rule.chance().is_none();
        let place = self.waiting.iter().position(sure).or_else(|| {
            let mut waiting = self.waiting.iter_mut();
            waiting.position(|waiting| hits(waiting) && waiting.draw())
        })?;
        let rule = &mut self.waiting.get_mut(place)?.rule;
        let fault = rule.fault.clone();
        if let Repeat::Times(times) = &mut rule.repeat {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.waiting.remove(place);
            }
        }
        Some(fault)
    }
}

impl Waiting {
    fn draw(&mut self) -> bool {
        let chance = self.rule.chance().unwrap_or(MILLION);
        self.draws.u32(..MILLION) < chance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(seed: u64, texts: &[&str]) -> RuleQueue {
        let mut rules = RuleQueue::new(seed);
        for text in texts {
            rules.add(text.parse().expect("a rule"));
        }
        rules
    }

    /// What hits each of so many requests to `operation`; empty where nothing does.
    fn hits(rules: &mut RuleQueue, operation: Operation, requests: usize) -> Vec<String> {
        let hit = |rules: &mut RuleQueue| rules.hit(operation).map(|fault| fault.to_string());
        (0..requests)
            .map(|_| hit(rules).unwrap_or_default())
            .collect()
    }

    fn count(hits: &[String], fault: &str) -> usize {
        hits.iter().filter(|hit| *hit == fault).count()
    }

    #[test]
    fn a_chance_is_met_over_ten_thousand_requests() {
        for seed in [0, 1, u64::MAX] {
            for (percent, low, high) in [
                ("0.5", 20, 80),
                ("5", 400, 600),
                ("50", 4_800, 5_200),
                ("99.9", 9_970, 9_999),
                ("100", 10_000, 10_000),
            ] {
                let mut rules = rules(seed, &[&format!("create:503*{percent}%")]);
                let hits = hits(&mut rules, Operation::CreateAsset, 10_000);
                let count = count(&hits, "503");
                assert!((low..=high).contains(&count), "{percent}%: {count}");
                assert_eq!(rules.all().len(), 1);
            }
        }
    }

    #[test]
    fn rules_by_chance_draw_for_themselves_and_in_order() {
        let mut rules = rules(0, &["create:500*50%", "create:503*50%", "create:429*100%"]);
        let hits = hits(&mut rules, Operation::CreateAsset, 10_000);
        // A half, a half of the rest, and the rest.
        for (fault, expected) in [("500", 5_000), ("503", 2_500), ("429", 2_500)] {
            let off = count(&hits, fault).abs_diff(expected);
            assert!(off < 200, "{fault} is off by {off}");
        }
    }

    #[test]
    fn a_seed_decides_and_other_operations_do_not_disturb() {
        let chances = ["create:503*30%", "post:500*30%", "create:429*30%"];
        let alone = hits(&mut rules(7, &chances), Operation::CreateAsset, 200);
        assert_eq!(
            hits(&mut rules(7, &chances), Operation::CreateAsset, 200),
            alone
        );
        assert_ne!(
            hits(&mut rules(8, &chances), Operation::CreateAsset, 200),
            alone
        );

        let mut mixed = rules(7, &chances);
        let mut creates = Vec::new();
        for _ in 0..200 {
            hits(&mut mixed, Operation::PostObject, 2);
            creates.extend(hits(&mut mixed, Operation::CreateAsset, 1));
        }
        assert_eq!(creates, alone);
    }

    #[test]
    fn counted_rules_come_first_and_chances_do_not_wait_in_line() {
        let chances = ["create:429*100%", "create:503*2", "create:500"];
        let mut rules = rules(0, &chances);
        assert_eq!(
            hits(&mut rules, Operation::CreateAsset, 5),
            ["503", "503", "500", "429", "429"]
        );
        rules.add("create:502*forever".parse().expect("a rule"));
        assert_eq!(hits(&mut rules, Operation::CreateAsset, 2), ["502", "502"]);
    }
}

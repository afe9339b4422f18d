package io.argosy.raft.sim;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * A seed that fails, and what the shrinker makes of it.
 *
 * @param options replay it
 * @param replayed what they say then
 * @param strikesLeft of those that the shrunk plan allows
 */
public record ShrunkSeed(String rule, String options, String found, String shrunk, String replayed, int strikesLeft) {

    /** The first one from here on that fails. */
    public static ShrunkSeed firstOf(long firstSeed, int runsMax) {
        for (long seed = firstSeed; ; seed++) {
            Optional<String> found = Attempt.at(Plan.of(seed), Ledger::new).failure();
            if (found.isPresent()) {
                Shrinker.Smallest smallest =
                        new Shrinker(Ledger::new, runsMax, Long.MAX_VALUE / 2).shrink(Plan.of(seed));
                String options = smallest.plan().asOptions();
                return new ShrunkSeed(
                        Shrinker.ruleOf(found.get()),
                        options,
                        found.get(),
                        smallest.failure(),
                        Attempt.at(parse(options), Ledger::new).failure().orElse("passes"),
                        smallest.plan().strikes().orElseThrow().size());
            }
        }
    }

    private static Plan parse(String options) {
        Plan plan = Plan.of(0);
        Iterator<String> words = List.of(options.split(" ")).iterator();
        while (words.hasNext()) {
            plan = plan.with(words.next(), words.next()).orElseThrow();
        }
        return plan;
    }

    public List<String> texts() {
        return List.of(rule, options, found, shrunk, replayed, String.valueOf(strikesLeft));
    }
}

package io.argosy.raft.sim;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * Looks for a smaller plan that breaks the same rule: fewer kinds of faults, voters, virtual seconds and requests, and
 * fewer strikes. What is left out changes what comes after it, so that each step is an attempt and no more; a strike in
 * front of which all is as it was draws the same as before.
 */
final class Shrinker {

    private static final int[] VOTERS = {1, 2, 3, 4, 5, 6};
    private static final int[] SECONDS = {1, 2, 3, 5, 8, 12};
    private static final int[] RATES = {5, 20, 50};

    private final Supplier<Workload> workloads;
    private final int runsMax;
    private final long endNanos;
    private int runs;
    private String rule = "";
    private Plan plan = Plan.of(0);
    private String failure = "";
    private int strikes;

    /** @param runs how many it took to find it */
    record Smallest(Plan plan, String failure, int runs) {}

    /** Stops at whichever bound it meets first. */
    Shrinker(Supplier<Workload> workloads, int runsMax, long nanosMax) {
        this.workloads = workloads;
        this.runsMax = runsMax;
        this.endNanos = System.nanoTime() + nanosMax;
    }

    /** @throws IllegalArgumentException if the plan does not fail */
    Smallest shrink(Plan failing) {
        if (!failsAlike(failing)) {
            throw new IllegalArgumentException(failing.asOptions() + " does not fail");
        }
        int before;
        do {
            before = runs;
            boolean smaller = dropKinds();
            smaller |= dropVoters();
            smaller |= dropSeconds();
            smaller |= dropStrikes();
            smaller |= dropLoad();
            if (!smaller) {
                break;
            }
        } while (runs > before && !isOver());
        return new Smallest(plan, failure, runs);
    }

    /** A rule's number, or the sentence up to where it tells who and when. */
    static String ruleOf(String failure) {
        String first = failure.split("[ :]", 2)[0];
        if (first.matches("[A-Z]+[0-9]+")) {
            return first;
        }
        String sentence = failure.split("[;\n]", 2)[0].replaceAll("[0-9]+", "#");
        return sentence.substring(0, Math.min(80, sentence.length()));
    }

    private boolean isOver() {
        return runs >= runsMax || System.nanoTime() - endNanos > 0;
    }

    /** If so, it is the smallest one from now on. */
    private boolean failsAlike(Plan candidate) {
        if (isOver()) {
            return false;
        }
        runs++;
        Attempt attempt = Attempt.at(candidate, workloads);
        Optional<String> again = attempt.failure();
        if (again.isEmpty() || (!rule.isEmpty() && !ruleOf(again.get()).equals(rule))) {
            return false;
        }
        plan = candidate;
        failure = again.get();
        rule = ruleOf(failure);
        strikes = attempt.world().strikes();
        return true;
    }

    private boolean dropKinds() {
        boolean smaller = false;
        for (FaultClass kind : FaultClass.values()) {
            Set<FaultClass> without = EnumSet.of(kind);
            without.addAll(plan.without());
            smaller |= !plan.without().contains(kind) && failsAlike(plan.without(without));
        }
        return smaller;
    }

    private boolean dropVoters() {
        int now = Attempt.sizeOf(plan, workloads).voters;
        for (int fewer : VOTERS) {
            if (fewer < now && failsAlike(plan.withVoters(fewer))) {
                return true;
            }
        }
        return false;
    }

    private boolean dropSeconds() {
        long now = Attempt.sizeOf(plan, workloads).virtualNanos / 1_000_000_000;
        for (int fewer : SECONDS) {
            if (fewer < now && failsAlike(plan.withSeconds(fewer))) {
                return true;
            }
        }
        return false;
    }

    private boolean dropLoad() {
        int now = Attempt.sizeOf(plan, workloads).requestsPerSecond;
        for (int fewer : RATES) {
            if (fewer < now && failsAlike(plan.withRate(fewer))) {
                return true;
            }
        }
        return false;
    }

    /** Delta debugging, the last ones first: what follows the failure does nothing. */
    private boolean dropStrikes() {
        List<Integer> left = new ArrayList<>();
        for (int i = 0; i < strikes; i++) {
            if (plan.strikes().isEmpty() || plan.strikes().get().contains(i)) {
                left.add(i);
            }
        }
        boolean smaller = false;
        for (int chunk = left.size(); chunk >= 1; chunk /= 2) {
            for (int to = left.size(); to > 0 && !isOver(); to -= chunk) {
                int from = Math.max(0, to - chunk);
                List<Integer> fewer = new ArrayList<>(left.subList(0, from));
                fewer.addAll(left.subList(Math.min(to, left.size()), left.size()));
                if (fewer.size() < left.size() && failsAlike(plan.withStrikes(new TreeSet<>(fewer)))) {
                    left = fewer;
                    smaller = true;
                }
            }
        }
        return smaller;
    }
}

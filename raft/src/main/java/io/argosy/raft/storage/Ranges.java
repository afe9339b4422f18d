package io.argosy.raft.storage;

import io.argosy.raft.RaftStatus.Damage;
import java.util.List;

/** Damaged ranges, clipped when the log is. */
final class Ranges {

    private Ranges() {}

    static void cutFrom(List<Damage> damage, long index) {
        damage.removeIf(d -> d.fromIndex() >= index);
        damage.replaceAll(d -> d.toIndex() < index ? d : new Damage(d.file(), d.fromIndex(), index - 1, d.detail()));
    }

    static void cutBelow(List<Damage> damage, long index) {
        damage.removeIf(d -> d.toIndex() < index);
        damage.replaceAll(d -> d.fromIndex() >= index ? d : new Damage(d.file(), index, d.toIndex(), d.detail()));
    }

    /** Forgets what lies in from..to; what begins before or ends behind it is clipped. */
    static void remove(List<Damage> damage, long from, long to) {
        for (Damage d : List.copyOf(damage)) {
            if (d.toIndex() >= from && d.fromIndex() <= to) {
                damage.remove(d);
                if (d.fromIndex() < from) {
                    damage.add(new Damage(d.file(), d.fromIndex(), from - 1, d.detail()));
                }
                if (d.toIndex() > to) {
                    damage.add(new Damage(d.file(), to + 1, d.toIndex(), d.detail()));
                }
            }
        }
    }

    static boolean covers(List<Damage> damage, long from, long to) {
        for (Damage d : damage) {
            if (d.fromIndex() <= to && from <= d.toIndex()) {
                return true;
            }
        }
        return false;
    }

    static boolean covers(List<Damage> damage, long index) {
        for (Damage d : damage) {
            if (d.fromIndex() <= index && index <= d.toIndex()) {
                return true;
            }
        }
        return false;
    }
}

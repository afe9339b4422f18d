package io.argosy.raft.core;

/**
 * A rule that Raft's safety rests on does not hold here. The replica must stop: a dead replica is safer than a wrong
 * one. The text carries the evidence; nothing may catch this and go on.
 */
public final class InvariantViolation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InvariantViolation(String evidence) {
        super(evidence);
    }
}

package io.argosy.namesrv.route;

/** What became of an update. */
public sealed interface Verdict {

    record Accepted() implements Verdict {}

    /** The table lacks what the update builds on: the replica must say everything. */
    record SendFull() implements Verdict {}

    /** The update is older than what the table holds; nothing of it was taken over. */
    record Refused(String reason) implements Verdict {}
}

package io.argosy.client;

public final class PullConsumer {
    static final class Builder {
        Builder(ArgosyClient c, String g) {}
    }
}

package io.argosy.client;

public final class PushConsumer {
    static final class Builder {
        Builder(ArgosyClient c, String g) {}
    }
}

package io.argosy.broker.bulk;

/** Hears of every batch that was answered; any thread. */
@FunctionalInterface
public interface ProduceMeter {

    ProduceMeter NONE = (code, tookNanos) -> {};

    /** @param code a number of apache.rocketmq.v2.Code */
    void answered(int code, long tookNanos);
}

/**
 * The vocabulary of the official client protocol, apache.rocketmq.v2.MessagingService: methods and how each refuses,
 * headers, statuses. Values only.
 */
@NullMarked
package io.argosy.wire.protocol;

import org.jspecify.annotations.NullMarked;

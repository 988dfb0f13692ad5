# The stored fit of tests/estimators/test_mixed_logistic.py: rows without chance.
library(glmmTMB)
i <- 0:239
x <- round(sin(i * 1.7) + 0.1 * (i %% 7), 4)
d <- data.frame(y = as.numeric((7 * i * i + 3 * i) %% 17 + 4 * x + 6 * sin(2.3 * (i %% 12)) + 5 * sin(1.9 * ((i %/% 12) %% 5)) > 5), x = x, a = factor(i %% 12), b = factor((i %/% 12) %% 5))
m <- glmmTMB(y ~ x + (1 | a) + (1 | b), family = binomial, data = d)
print(summary(m)$coefficients$cond, digits = 10)
print(c(attr(VarCorr(m)$cond$a, "stddev"), attr(VarCorr(m)$cond$b, "stddev")), digits = 10)
print(logLik(m), digits = 12)

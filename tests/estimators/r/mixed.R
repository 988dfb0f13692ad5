# Logistic models with crossed normal intercepts of `a` and `b`, fitted by glmmTMB: of every .csv of a folder, and without one of
# the rows without chance whose fit tests/estimators/test_mixed_logistic.py keeps. Prints name, statistic, term and value.
suppressPackageStartupMessages(library(glmmTMB))

folder <- commandArgs(TRUE)
i <- 0:239
x <- round(sin(i * 1.7) + 0.1 * (i %% 7), 4)
score <- (7 * i * i + 3 * i) %% 17 + 4 * x + 6 * sin(2.3 * (i %% 12)) + 5 * sin(1.9 * ((i %/% 12) %% 5))
sets <- list(deterministic = data.frame(y = as.numeric(score > 5), x = x, a = i %% 12, b = (i %/% 12) %% 5))
if (length(folder)) {
  files <- list.files(folder, "[.]csv$", full.names = TRUE)
  sets <- setNames(lapply(files, read.csv), sub("[.]csv$", "", basename(files)))
}
tight <- glmmTMBControl(optCtrl = list(iter.max = 5000, eval.max = 5000, rel.tol = 1e-14, x.tol = 1e-12))
for (name in names(sets)) {
  d <- sets[[name]]
  d$a <- factor(d$a)
  d$b <- factor(d$b)
  terms <- setdiff(names(d), c("y", "a", "b"))
  m <- glmmTMB(reformulate(c(terms, "(1 | a)", "(1 | b)"), "y"), family = binomial, data = d, control = tight)
  fixed <- summary(m)$coefficients$cond
  say <- function(statistic, term, value) cat(name, statistic, term, format(value, digits = 12), "\n", sep = "\t")
  for (j in seq_len(nrow(fixed))) {
    term <- if (j == 1) "const" else terms[j - 1]
    say("coef", term, fixed[j, 1])
    say("se", term, fixed[j, 2])
  }
  for (level in c("a", "b")) say("sd", level, attr(VarCorr(m)$cond[[level]], "stddev"))
  say("loglik", "", as.numeric(logLik(m)))
}

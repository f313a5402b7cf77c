# Pictures of docs/mathematics.md, to grids.svg, row.svg and orders.svg in the folder `to`; `orders` is a file of steps and
# errors, a block a sampler. make runs it.
set terminal svg size 640,360 font "sans-serif,12" background "white"
set grid lc rgb "#dddddd"
set key top right

# Levels of twenty steps: the noise that a level holds relative to its signal, s/a.
set output to."/grids.svg"
set logscale y
set format y "10^{%T}"
set xlabel "level k of 20, from the noisiest"
set ylabel "s/a"
set xrange [-0.5:20]
set samples 20
T = 20.0
ve(k) = sqrt((T - k)/T)
edm(k) = (80**(1/7.0) + k/(T - 1)*(0.002**(1/7.0) - 80**(1/7.0)))**7
# of 1000 training steps with linear beta from 1e-4 to 0.02: log alpha is close to this sum's integral
logalpha(m) = -(m*1e-4 + 0.5*m*m/999.0*(0.02 - 1e-4))
vp(k) = sqrt(exp(-logalpha(1000*(T - k)/T)) - 1)
plot [k=0:19] "+" using 1:(ve($1)) with linespoints pt 7 ps 0.5 title "ve", \
     "+" using 1:(vp($1)) with linespoints pt 5 ps 0.5 title "vp, linear, trailing", \
     "+" using 1:(edm($1)) with linespoints pt 9 ps 0.5 title "edm, karras"

# A row: what goes in, what comes out.
set output to."/row.svg"
unset logscale
unset grid
unset key
unset xlabel
unset ylabel
unset tics
unset border
set xrange [0:10]
set yrange [0:5.4]
set style arrow 1 head filled size 0.15,20 lw 1.2 lc rgb "#555555"
box(n, x, y) = sprintf("set object %d rectangle center %g,%g size %g,0.7 fs solid 0.12 fc rgb '#4477aa'", n, x, y, n == 5 ? 2.2 : 1.5)
eval box(1, 1, 4.6)
eval box(2, 1, 3.2)
eval box(3, 1, 1.8)
eval box(4, 1, 0.6)
eval box(5, 4, 3.9)
eval box(6, 6.5, 3.2)
eval box(7, 9, 4.6)
eval box(8, 9, 3.2)
eval box(9, 9, 1.8)
set label 1 "x" at 1,4.6 center
set label 2 "d₁" at 1,3.2 center
set label 3 "d₂" at 1,1.8 center
set label 4 "z₁, z₂" at 1,0.6 center
set label 5 "d = D(x; a, s)" at 4,3.9 center font ",10"
set label 6 "y" at 6.5,3.2 center
set label 7 "x'" at 9,4.6 center
set label 8 "d₁'" at 9,3.2 center
set label 9 "d₂'" at 9,1.8 center
set label 10 "y = A x + B d + P d₁ + Q d₂ + S z₂" at 5.6,0.6 center font ",11"
set label 11 "the state" at 9,5.2 center font ",10"
set label 12 "remembered" at 9,1.2 center font ",10"
set arrow 1 from 1.8,4.55 to 2.85,4.15 as 1
set arrow 2 from 1.8,4.7 to 5.7,3.5 as 1
set arrow 3 from 5.15,3.8 to 5.7,3.35 as 1
set arrow 4 from 1.8,3.2 to 5.7,3.15 as 1
set arrow 5 from 1.8,1.8 to 5.7,2.95 as 1
set arrow 6 from 1.8,0.7 to 5.9,2.8 as 1
set arrow 7 from 7.3,3.4 to 8.2,4.4 as 1
set arrow 8 from 5.15,4.0 to 8.2,3.35 as 1 dt 2
set arrow 9 from 1.8,3.0 to 8.2,1.9 as 1 dt 2
plot NaN
reset

# The exact error of the variance against the number of steps.
set output to."/orders.svg"
set grid lc rgb "#dddddd"
set logscale xy
set format y "10^{%T}"
set xlabel "steps"
set ylabel "|exact variance - limit| / v"
set key bottom left
set xrange [8:1200]
names = "euler heun dpmpp-2m dpmpp-3m-sde dpmpp-3m-sde-corrected"
plot for [i=1:5] orders index i-1 using 1:2 with linespoints pt 7 ps 0.5 title word(names, i)
